package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import picocli.CommandLine.ExitCode;

/** Prints what a job prints. */
final class JobTail {
  private static final int POLL_MS = 500;
  private static final Set<String> OVER = Set.of("finished", "stopped", "failed");

  /** The queue of jobs moves to another control node within that time, or there is none. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final Supplier<ControlClient> clients;
  private final PrintWriter out;
  private ControlClient client;

  /**
   * A tail.
   *
   * @param clients asked again when a head does not answer any more: there may be another one
   */
  JobTail(Supplier<ControlClient> clients, PrintWriter out) {
    this.clients = clients;
    this.out = out;
    this.client = clients.get();
  }

  /** Asks until there is an answer; a job outlives the head that carries it. */
  private JsonNode ask(String path) throws InterruptedException {
    long began = System.nanoTime();
    boolean told = false;
    while (true) {
      try {
        return client.get(path);
      } catch (UserError e) {
        if (!ControlClient.unanswered(e) || System.nanoTime() - began > PATIENCE.toNanos()) {
          throw e;
        }
        if (!told) {
          out.println("(" + e.getMessage() + "; asking again)");
          out.flush();
          told = true;
        }
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
      client = another();
    }
  }

  private ControlClient another() {
    try {
      return clients.get();
    } catch (UserError e) {
      return client;
    }
  }

  /** Until the job is over. */
  int follow(String id) throws InterruptedException {
    long from = 0;
    String waited = "";
    while (true) {
      JsonNode log = ask("jobs/" + id + "/logs?from=" + from);
      out.print(log.path("text").asText());
      out.flush();
      boolean more = log.path("next").asLong() > from;
      from = log.path("next").asLong();
      String state = log.path("state").asText();
      if (OVER.contains(state) && !more) {
        JsonNode job = ask("jobs/" + id);
        out.println("Job '%s' %s: %s".formatted(id, state, job.path("why").asText()));
        out.flush();
        return state.equals("failed") ? ExitCode.SOFTWARE : ExitCode.OK;
      }
      if (state.equals("pending")) {
        String why = ask("jobs/" + id).path("why").asText();
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
