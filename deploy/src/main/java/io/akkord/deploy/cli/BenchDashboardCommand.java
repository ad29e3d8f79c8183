package io.akkord.deploy.cli;

import io.akkord.deploy.bench.DashboardBench;
import io.akkord.deploy.bench.Figure;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table or json (default: ${DEFAULT-VALUE})")
  private String format;

  @Option(names = "--only", split = ",", description = "some of: open, view, metrics")
  private Set<Part> only = EnumSet.allOf(Part.class);

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    DashboardBench bench =
        new DashboardBench(
            threads, rounds, steps, line -> spec.commandLine().getErr().println(line));
    for (Part part : only) {
      List<Figure> figures =
          switch (part) {
            case OPEN -> bench.open();
            case VIEW -> bench.view();
            case METRICS -> List.of(bench.metrics());
          };
      for (Figure figure : figures) {
        spec.commandLine().getOut().println(FigureLine.of(figure, format));
        spec.commandLine().getOut().flush();
      }
    }
    return 0;
  }
}
