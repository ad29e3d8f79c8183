package io.akkord.deploy.cli;

import io.akkord.deploy.bench.Figure;
import io.akkord.deploy.bench.SoakBench;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** `bench soak`. */
@Command(
    name = "soak",
    mixinStandardHelpOptions = true,
    description =
        "A long run of the demo's model in steps of four samples, with rewriting and 20 checkpoints: memory, heap, file handles, threads, and the journal's size.")
final class BenchSoakCommand implements Callable<Integer> {
  @Option(names = "--steps", defaultValue = "20000", description = "(default: ${DEFAULT-VALUE})")
  private int steps;

  @Mixin private BenchOutput output;

  @Override
  public Integer call() throws Exception {
    SoakBench bench = new SoakBench(Home.path().resolve("deploy/demo"), steps, output::progress);
    for (Figure figure : bench.measure()) {
      output.figure(figure);
    }
    return 0;
  }
}
