package io.akkord.deploy.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root command. */
@Command(
    name = "akkord",
    mixinStandardHelpOptions = true,
    version = "akkord 0.1.0",
    description = "Fine-tunes language models with CADFT on a cluster of actors.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      TrainCommand.class,
      ScoreCommand.class,
      GenerateCommand.class,
      ExportCommand.class,
      LedgerCommand.class,
      CheckpointsCommand.class,
      DashboardCommand.class,
      ListCommand.class,
      GetCommand.class,
      SummaryCommand.class,
      LogsCommand.class,
      TimelineCommand.class,
      StartCommand.class,
      StatusCommand.class,
      JobCommand.class,
      StopCommand.class,
      DoctorCommand.class,
      DbCommand.class,
      CertsCommand.class,
      BenchCommand.class,
      WorkerCommand.class,
    },
    footer = {"", "Exit codes: 0 ok, 1 failed, 2 usage.", "Begin with: akkord demo"})
public final class Akkord implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }
}
