package io.akkord.deploy.cli;

import io.akkord.deploy.bench.ControlBench;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table or json (default: ${DEFAULT-VALUE})")
  private String format;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    ControlBench bench =
        new ControlBench(rounds, steps, line -> spec.commandLine().getErr().println(line));
    int fewer = Math.max(1, workers / 4);
    spec.commandLine().getOut().println(FigureLine.of(bench.measure(workers, fewer), format));
    return 0;
  }
}
