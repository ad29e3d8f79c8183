package io.akkord.deploy.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What a run has learned about its demonstrations. */
@Command(
    name = "ledger",
    mixinStandardHelpOptions = true,
    description = "Shows which demonstrations fight the model, and what was rewritten.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {LedgerTopCommand.class, LedgerShowCommand.class, LedgerExportCommand.class})
final class LedgerCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing: top, show or export");
  }
}
