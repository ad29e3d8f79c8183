package io.akkord.deploy.cli;

import io.akkord.deploy.bench.Figure;
import io.akkord.deploy.bench.ProcessesBench;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

  @Mixin private BenchOutput output;

  @Override
  public Integer call() throws Exception {
    ProcessesBench bench =
        new ProcessesBench(workers, microBatches, rounds, steps, output::progress);
    print(bench.overBareLoop());
    for (Figure phase : bench.byPhase()) {
      print(phase);
    }
    return 0;
  }

  private void print(Figure figure) throws Exception {
    output.figure(figure);
  }
}
