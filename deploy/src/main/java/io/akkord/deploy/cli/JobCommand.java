package io.akkord.deploy.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs of a cluster. */
@Command(
    name = "job",
    mixinStandardHelpOptions = true,
    description = "Hands runs to a cluster and looks after them.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      JobSubmitCommand.class,
      JobListCommand.class,
      JobStatusCommand.class,
      JobLogsCommand.class,
      JobStopCommand.class,
    })
final class JobCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }
}
