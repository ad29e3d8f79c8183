package io.akkord.deploy.cli;

import io.akkord.deploy.bench.BulkBench;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** `bench bulk`. */
@Command(
    name = "bulk",
    mixinStandardHelpOptions = true,
    description =
        "The bulk lane with blocks of 64 MiB against bare NIO sockets of the same kind, 1 MiB a call: Unix, TCP, and TCP with TLS against bare TCP.")
final class BenchBulkCommand implements Callable<Integer> {
  @Option(names = "--rounds", defaultValue = "7", description = "(default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--blocks",
      defaultValue = "32",
      description = "blocks of 64 MiB per round (default: ${DEFAULT-VALUE})")
  private int blocks;

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table or json (default: ${DEFAULT-VALUE})")
  private String format;

  @Option(names = "--only", split = ",", description = "some of: unix, tcp, tls")
  private Set<BulkBench.Way> only = EnumSet.allOf(BulkBench.Way.class);

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    BulkBench bench =
        new BulkBench(rounds, blocks, line -> spec.commandLine().getErr().println(line));
    for (BulkBench.Way way : only) {
      spec.commandLine().getOut().println(FigureLine.of(bench.measure(way), format));
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}
