package io.akkord.deploy.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What a run can go on from. */
@Command(
    name = "checkpoints",
    mixinStandardHelpOptions = true,
    description = "Checks the checkpoints of a run, whether it goes on or is over.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {CheckpointsVerifyCommand.class})
final class CheckpointsCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing: verify");
  }
}
