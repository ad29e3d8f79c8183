package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** How a job stands. */
@Command(name = "status", mixinStandardHelpOptions = true, description = "How a job stands.")
final class JobStatusCommand implements Callable<Integer> {
  @Parameters(paramLabel = "JOB", description = "such as job-1")
  private String id;

  @Mixin private JobAddress address;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    JsonNode job = address.client().get("jobs/" + id);
    out.println("Job '%s': %s".formatted(id, job.path("state").asText()));
    if (!job.path("why").asText().isEmpty()) {
      out.println("  " + job.path("why").asText());
    }
    out.println("  recipe     " + job.path("recipe").asText());
    out.println("  output     " + job.path("output_dir").asText());
    out.println("  node       " + job.path("node").asText("none yet"));
    out.println(
        "  begun      "
            + job.path("begun").asInt()
            + (job.path("begun").asInt() == 1 ? " time" : " times"));
    out.println("  submitted  " + JobTimes.text(job.path("submitted_at").asLong()));
    out.println("  started    " + JobTimes.text(job.path("started_at").asLong()));
    out.println("  ended      " + JobTimes.text(job.path("ended_at").asLong()));
    out.flush();
    return ExitCode.OK;
  }
}
