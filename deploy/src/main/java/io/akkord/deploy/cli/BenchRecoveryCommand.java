package io.akkord.deploy.cli;

import io.akkord.config.Persistence;
import io.akkord.deploy.bench.Figure;
import io.akkord.deploy.bench.RecoveryBench;
import io.akkord.model.UserError;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** `bench recovery`. */
@Command(
    name = "recovery",
    mixinStandardHelpOptions = true,
    description =
        "Seconds from kill -9 to the next committed step: of a worker process that keeps a slice of the parameters, and of the control node, of three, that carries the run (needs PostgreSQL).")
final class BenchRecoveryCommand implements Callable<Integer> {
  /** What can be measured by itself. */
  enum Part {
    WORKER,
    CONTROL
  }

  @Option(names = "--kills", defaultValue = "10", description = "(default: ${DEFAULT-VALUE})")
  private int kills;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description =
          "database of the three control nodes, jdbc:postgresql://HOST:PORT/DATABASE (default: akkord.persistence.url); the runs stay in it")
  private String url;

  @Option(names = "--user", description = "who connects (default: akkord.persistence.user)")
  private String user;

  @Mixin private BenchOutput output;

  @Option(names = "--only", split = ",", description = "some of: worker, control")
  private Set<Part> only = EnumSet.allOf(Part.class);

  @Override
  public Integer call() throws Exception {
    Persistence database = DbCommand.settings(url, user);
    if (only.contains(Part.CONTROL) && !database.shared()) {
      throw new UserError(
          "three control nodes need a PostgreSQL database: give --url jdbc:postgresql://HOST:PORT/DATABASE, or measure --only worker");
    }
    RecoveryBench bench =
        new RecoveryBench(Home.path().resolve("deploy/demo"), kills, output::progress);
    if (only.contains(Part.WORKER)) {
      print(bench.worker());
    }
    if (only.contains(Part.CONTROL)) {
      print(bench.control(database.url(), database.user()));
    }
    return 0;
  }

  private void print(Figure figure) throws Exception {
    output.figure(figure);
  }
}
