package io.akkord.deploy.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The certificates of a cluster. */
@Command(
    name = "certs",
    mixinStandardHelpOptions = true,
    description = "Makes and shows the certificates with which the nodes of a cluster know others.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {CertsInitCommand.class, CertsNodeCommand.class, CertsShowCommand.class})
final class CertsCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing: init, node or show");
  }
}
