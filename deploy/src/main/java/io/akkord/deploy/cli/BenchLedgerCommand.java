package io.akkord.deploy.cli;

import io.akkord.deploy.bench.Figure;
import io.akkord.deploy.bench.LedgerBench;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** `bench ledger`. */
@Command(
    name = "ledger",
    mixinStandardHelpOptions = true,
    description =
        "Seconds until a ledger of 10 million samples is back after its process has ended, and what 10,000 steps of 256 samples leave on the disk.")
final class BenchLedgerCommand implements Callable<Integer> {
  /** What can be measured by itself. */
  enum Part {
    RECOVERY,
    DISK
  }

  @Option(names = "--rounds", defaultValue = "3", description = "(default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--samples",
      defaultValue = "10000000",
      description = "of the ledger that recovers (default: ${DEFAULT-VALUE})")
  private int samples;

  @Option(
      names = "--steps",
      defaultValue = "10000",
      description = "whose disk use is measured, a multiple of 500 (default: ${DEFAULT-VALUE})")
  private int steps;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description =
          "a database of PostgreSQL instead of H2, jdbc:postgresql://HOST:PORT/DATABASE (default: akkord.persistence.url); the events stay in it")
  private String url;

  @Option(names = "--user", description = "who connects (default: akkord.persistence.user)")
  private String user;

  @Mixin private BenchOutput output;

  @Option(names = "--only", split = ",", description = "some of: recovery, disk")
  private Set<Part> only = EnumSet.allOf(Part.class);

  @Override
  public Integer call() throws Exception {
    LedgerBench bench = new LedgerBench(DbCommand.settings(url, user), output::progress);
    for (Part part : only) {
      List<Figure> figures =
          switch (part) {
            case RECOVERY -> List.of(bench.recovery(samples, rounds));
            case DISK -> bench.disk(steps / 500 * 500);
          };
      for (Figure figure : figures) {
        output.figure(figure);
      }
    }
    return 0;
  }
}
