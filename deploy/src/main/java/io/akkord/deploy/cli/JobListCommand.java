package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Every job, newest first. */
@Command(name = "list", mixinStandardHelpOptions = true, description = "Every job, newest first.")
final class JobListCommand implements Callable<Integer> {
  @Mixin private JobAddress address;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    JsonNode rows = address.client().get("jobs").path("rows");
    if (rows.isEmpty()) {
      out.println("No job was submitted yet: akkord job submit RECIPE.yaml");
    } else {
      out.println(
          String.format(
              "%-8s %-9s %-20s %-19s %s", "JOB", "STATE", "RECIPE", "SUBMITTED", "OUTPUT"));
      rows.forEach(job -> out.println(line(job)));
    }
    out.flush();
    return ExitCode.OK;
  }

  private static String line(JsonNode job) {
    String line =
        String.format(
            "%-8s %-9s %-20s %-19s %s",
            job.path("job").asText(),
            job.path("state").asText(),
            job.path("recipe").asText(),
            JobTimes.text(job.path("submitted_at").asLong()),
            job.path("output_dir").asText());
    boolean waits = job.path("state").asText().equals("pending");
    return waits ? line + System.lineSeparator() + "         " + job.path("why").asText() : line;
  }
}
