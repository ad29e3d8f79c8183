package io.akkord.deploy.cli;

import io.akkord.deploy.bench.CheckpointBench;
import io.akkord.deploy.bench.EngineBench;
import io.akkord.deploy.bench.Figure;
import io.akkord.deploy.bench.TrainBench;
import io.akkord.model.engine.DeviceThread;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Benchmarks; every claim is a ratio to a peer of the same run. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures the product against named peers.",
    subcommands = {
      BenchCommand.EngineCommand.class,
      BenchBulkCommand.class,
      BenchControlCommand.class,
      BenchDashboardCommand.class,
      BenchLedgerCommand.class,
      BenchProcessesCommand.class,
      BenchRecoveryCommand.class,
      BenchSoakCommand.class
    })
final class BenchCommand {
  private BenchCommand() {}

  /** `bench engine`. */
  @Command(
      name = "engine",
      mixinStandardHelpOptions = true,
      description =
          "Forward + backward + AdamW of a 21.7 M model against PyTorch eager, exact CADFT against DFT, the whole of train against the bare engine loop, the wait for a checkpoint, and memory over 2,000 steps.")
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

    @Mixin private BenchOutput output;

    @Option(
        names = "--only",
        split = ",",
        description =
            "some of: engine (needs --peer), barrier, checkpointing (of activations), checkpoint (of a run), train, memory")
    private Set<Part> only = EnumSet.allOf(Part.class);

    /** What can be measured by itself. */
    enum Part {
      ENGINE,
      BARRIER,
      CHECKPOINTING,
      CHECKPOINT,
      TRAIN,
      MEMORY
    }

    @Override
    public Integer call() throws Exception {
      Consumer<String> progress = output::progress;
      EngineBench engine = new EngineBench(threads, rounds, steps, progress);
      if (peer != null && only.contains(Part.ENGINE)) {
        Path script = Home.path().resolve("deploy/bench/pytorch_reference.py");
        print(List.of(onDevice(() -> engine.againstPyTorch(peer, script))));
      }
      if (only.contains(Part.BARRIER)) {
        print(onDevice(engine::cadftOverDft));
      }
      if (only.contains(Part.CHECKPOINTING)) {
        print(onDevice(engine::checkpointingOverPlain));
      }
      if (only.contains(Part.CHECKPOINT)) {
        print(List.of(new CheckpointBench(rounds, progress).blockedOverWritten()));
      }
      TrainBench train = new TrainBench(threads, rounds, steps, progress);
      if (only.contains(Part.TRAIN)) {
        print(List.of(train.overBareLoop()));
      }
      if (only.contains(Part.MEMORY)) {
        print(List.of(train.memory(Home.path().resolve("deploy/demo"))));
      }
      return 0;
    }

    private <T> T onDevice(Callable<T> job) throws Exception {
      try (DeviceThread device = DeviceThread.start("bench", threads)) {
        return device.submit(job).toCompletableFuture().get(2, TimeUnit.HOURS);
      }
    }

    private void print(List<Figure> figures) throws Exception {
      for (Figure figure : figures) {
        output.figure(figure);
      }
    }
  }
}
