package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.ExitCode;

/** Prints what a job prints. */
final class JobTail {
  private static final int POLL_MS = 500;
  private static final Set<String> OVER = Set.of("finished", "stopped", "failed");

  private final ControlClient client;
  private final PrintWriter out;

  JobTail(ControlClient client, PrintWriter out) {
    this.client = client;
    this.out = out;
  }

  /** Until the job is over. */
  int follow(String id) throws InterruptedException {
    long from = 0;
    String waited = "";
    while (true) {
      JsonNode log = client.get("jobs/" + id + "/logs?from=" + from);
      out.print(log.path("text").asText());
      out.flush();
      boolean more = log.path("next").asLong() > from;
      from = log.path("next").asLong();
      String state = log.path("state").asText();
      if (OVER.contains(state) && !more) {
        JsonNode job = client.get("jobs/" + id);
        out.println("Job '%s' %s: %s".formatted(id, state, job.path("why").asText()));
        out.flush();
        return state.equals("failed") ? ExitCode.SOFTWARE : ExitCode.OK;
      }
      if (state.equals("pending")) {
        String why = client.get("jobs/" + id).path("why").asText();
        if (!why.equals(waited)) {
          out.println("pending: " + why);
          out.flush();
          waited = why;
        }
      }
      if (!more) {
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
      }
    }
  }

  /** What there is, and no more. */
  void print(String id) {
    long from = 0;
    while (true) {
      JsonNode log = client.get("jobs/" + id + "/logs?from=" + from);
      out.print(log.path("text").asText());
      if (log.path("next").asLong() <= from) {
        out.flush();
        return;
      }
      from = log.path("next").asLong();
    }
  }
}
