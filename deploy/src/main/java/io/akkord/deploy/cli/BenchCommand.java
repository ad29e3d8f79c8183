package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.deploy.bench.EngineBench;
import io.akkord.deploy.bench.Figure;
import io.akkord.model.engine.DeviceThread;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Benchmarks; every claim is a ratio to a peer of the same run. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures the product against named peers.",
    subcommands = BenchCommand.EngineCommand.class)
final class BenchCommand {
  private BenchCommand() {}

  /** `bench engine`. */
  @Command(
      name = "engine",
      mixinStandardHelpOptions = true,
      description =
          "Forward + backward + AdamW of a 21.7 M model against PyTorch eager, and exact CADFT against DFT.")
  static final class EngineCommand implements Callable<Integer> {
    @Option(
        names = "--peer",
        paramLabel = "PYTHON",
        description = "Python interpreter that has torch, for example python3; none: no peer")
    private String peer;

    @Option(names = "--threads", defaultValue = "2", description = "(default: ${DEFAULT-VALUE})")
    private int threads;

    @Option(names = "--rounds", defaultValue = "5", description = "(default: ${DEFAULT-VALUE})")
    private int rounds;

    @Option(
        names = "--steps",
        defaultValue = "4",
        description = "optimiser steps per round (default: ${DEFAULT-VALUE})")
    private int steps;

    @Option(
        names = "--format",
        defaultValue = "table",
        description = "table or json (default: ${DEFAULT-VALUE})")
    private String format;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
      EngineBench bench =
          new EngineBench(
              threads, rounds, steps, line -> spec.commandLine().getErr().println(line));
      Path script = Home.path().resolve("deploy/bench/pytorch_reference.py");
      try (DeviceThread device = DeviceThread.start("bench", threads)) {
        List<Figure> figures =
            device
                .submit(() -> bench.run(peer, script))
                .toCompletableFuture()
                .get(2, TimeUnit.HOURS);
        for (Figure figure : figures) {
          spec.commandLine().getOut().println(line(figure));
        }
      }
      return 0;
    }

    private String line(Figure figure) throws Exception {
      if (format.equals("json")) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", figure.name());
        json.put("value", figure.value());
        json.put("unit", figure.unit());
        json.put("baseline", Double.isNaN(figure.baseline()) ? null : figure.baseline());
        json.put("baseline_name", figure.baselineName());
        json.put("ratio", Double.isNaN(figure.ratio()) ? null : figure.ratio());
        json.put("runs", figure.runs());
        return new ObjectMapper().writeValueAsString(json);
      }
      return figure.baselineName() == null
          ? "%-45s %10.2f %s".formatted(figure.name(), figure.value(), figure.unit())
          : "%-45s %10.2f %-9s %10.2f (%s)  ratio %.3f, median of %d"
              .formatted(
                  figure.name(),
                  figure.value(),
                  figure.unit(),
                  figure.baseline(),
                  figure.baselineName(),
                  figure.ratio(),
                  figure.runs());
    }
  }
}
