package io.akkord.deploy.cli;

import io.akkord.deploy.bench.BulkBench;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

  @Mixin private BenchOutput output;

  @Option(names = "--only", split = ",", description = "some of: unix, tcp, tls")
  private Set<BulkBench.Way> only = EnumSet.allOf(BulkBench.Way.class);

  @Override
  public Integer call() throws Exception {
    BulkBench bench = new BulkBench(rounds, blocks, output::progress);
    for (BulkBench.Way way : only) {
      output.figure(bench.measure(way));
    }
    return 0;
  }
}
