package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Ends a job after the step in flight, with a checkpoint. */
@Command(
    name = "stop",
    mixinStandardHelpOptions = true,
    description = "Ends a job after the step in flight, with a checkpoint.")
final class JobStopCommand implements Callable<Integer> {
  @Parameters(paramLabel = "JOB", description = "such as job-1")
  private String id;

  @Mixin private JobAddress address;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    address.client().post("jobs/" + id + "/stop", JsonNodeFactory.instance.objectNode());
    out.println(
        "Job '%s' is being stopped: the step in flight is finished and saved".formatted(id));
    out.flush();
    return ExitCode.OK;
  }
}
