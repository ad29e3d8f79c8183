package io.akkord.deploy.cli;

import io.akkord.deploy.bench.Figure;
import io.akkord.deploy.bench.ProcessesBench;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** `bench processes`. */
@Command(
    name = "processes",
    mixinStandardHelpOptions = true,
    description =
        "train with worker processes of one thread each against a bare engine loop with as many threads, 21.7 M parameters; then where a worker's step goes.")
final class BenchProcessesCommand implements Callable<Integer> {
  @Option(names = "--workers", defaultValue = "2", description = "(default: ${DEFAULT-VALUE})")
  private int workers;

  @Option(
      names = "--micro-batches",
      defaultValue = "8",
      description = "of 4×256 tokens, a step, over all workers (default: ${DEFAULT-VALUE})")
  private int microBatches;

  @Option(names = "--rounds", defaultValue = "5", description = "(default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--steps",
      defaultValue = "4",
      description = "optimiser steps per round (default: ${DEFAULT-VALUE})")
  private int steps;

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table or json (default: ${DEFAULT-VALUE})")
  private String format;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    ProcessesBench bench =
        new ProcessesBench(
            workers,
            microBatches,
            rounds,
            steps,
            line -> spec.commandLine().getErr().println(line));
    print(bench.overBareLoop());
    for (Figure phase : bench.byPhase()) {
      print(phase);
    }
    return 0;
  }

  private void print(Figure figure) throws Exception {
    spec.commandLine().getOut().println(FigureLine.of(figure, format));
    spec.commandLine().getOut().flush();
  }
}
