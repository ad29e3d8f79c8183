package io.akkord.deploy.cli;

import io.akkord.deploy.bench.DashboardBench;
import io.akkord.deploy.bench.Figure;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** `bench dashboard`. */
@Command(
    name = "dashboard",
    mixinStandardHelpOptions = true,
    description =
        "What five open pages cost a run of the 21.7 M model, in one run; the first view of a run of 100,000 steps; /metrics with 64 workers.")
final class BenchDashboardCommand implements Callable<Integer> {
  /** What can be measured by itself. */
  enum Part {
    OPEN,
    VIEW,
    METRICS
  }

  @Option(names = "--threads", defaultValue = "2", description = "(default: ${DEFAULT-VALUE})")
  private int threads;

  @Option(names = "--rounds", defaultValue = "7", description = "(default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--steps",
      defaultValue = "8",
      description = "optimiser steps per measurement (default: ${DEFAULT-VALUE})")
  private int steps;

  @Mixin private BenchOutput output;

  @Option(names = "--only", split = ",", description = "some of: open, view, metrics")
  private Set<Part> only = EnumSet.allOf(Part.class);

  @Override
  public Integer call() throws Exception {
    DashboardBench bench = new DashboardBench(threads, rounds, steps, output::progress);
    for (Part part : only) {
      List<Figure> figures =
          switch (part) {
            case OPEN -> bench.open();
            case VIEW -> bench.view();
            case METRICS -> List.of(bench.metrics());
          };
      for (Figure figure : figures) {
        output.figure(figure);
      }
    }
    return 0;
  }
}
