package io.akkord.deploy.cli;

import io.akkord.deploy.bench.ControlBench;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** `bench control`. */
@Command(
    name = "control",
    mixinStandardHelpOptions = true,
    description =
        "What a step costs per worker when nobody computes: all actors and the journal in this JVM, with idle devices; against a quarter of the workers.")
final class BenchControlCommand implements Callable<Integer> {
  @Option(names = "--workers", defaultValue = "1024", description = "(default: ${DEFAULT-VALUE})")
  private int workers;

  @Option(names = "--rounds", defaultValue = "3", description = "(default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--steps",
      defaultValue = "30",
      description = "steps of a run that count (default: ${DEFAULT-VALUE})")
  private int steps;

  @Mixin private BenchOutput output;

  @Override
  public Integer call() throws Exception {
    ControlBench bench = new ControlBench(rounds, steps, output::progress);
    int fewer = Math.max(1, workers / 4);
    output.figure(bench.measure(workers, fewer));
    return 0;
  }
}
