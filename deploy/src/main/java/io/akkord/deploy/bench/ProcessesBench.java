package io.akkord.deploy.bench;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.deploy.cluster.LocalCluster;
import io.akkord.model.engine.DeviceThread;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * {@code train} with worker processes, as a person starts it, against one bare engine loop over the
 * same batch with as many threads as all workers together. 21.7 M parameters, 4×256 tokens a
 * micro-batch.
 */
public final class ProcessesBench {
  private static final int ROWS = 4;
  private static final int LENGTH = 256;
  private static final int WARM_UP = 3;

  private final int workers;
  private final int microBatches;
  private final int rounds;
  private final int steps;
  private final Consumer<String> progress;
  private final List<WorkerPhases> phases = new ArrayList<>();

  /**
   * Prepares a bench.
   *
   * @param workers processes with one thread each
   * @param microBatches of a step, over all workers
   * @param rounds pairs of measurements; the median counts
   * @param steps optimiser steps per measurement
   */
  public ProcessesBench(
      int workers, int microBatches, int rounds, int steps, Consumer<String> progress) {
    this.workers = workers;
    this.microBatches = microBatches;
    this.rounds = rounds;
    this.steps = steps;
    this.progress = progress;
  }

  /** Seconds per step of the processes over those of the bare loop. */
  public Figure overBareLoop() throws Exception {
    double[] whole = new double[rounds];
    double[] bare = new double[rounds];
    try (BenchFolder folder = BenchFolder.create()) {
      Path model = folder.model();
      Path data = folder.data(64 * ROWS, LENGTH);
      for (int round = 0; round < rounds; round++) {
        whole[round] = whole(recipe(folder, model, data, round));
        bare[round] = bare();
        progress.accept(
            "processes round %d of %d: %d workers %.3f s/step, bare loop %.3f"
                .formatted(round + 1, rounds, workers, whole[round], bare[round]));
      }
    }
    return Figure.paired(
        "train_%d_processes_21.7M_%dx4x256_fp32".formatted(workers, microBatches),
        whole,
        "s/step",
        bare,
        "bare engine loop, %d threads".formatted(workers));
  }

  /** Where a worker's step goes, mean over workers and steps of all rounds. */
  public List<Figure> byPhase() {
    List<Figure> figures = new ArrayList<>();
    for (int i = 0; i < WorkerPhases.NAMES.size(); i++) {
      int phase = i;
      double mean =
          phases.stream().mapToDouble(p -> p.values().get(phase)).average().orElse(Double.NaN);
      figures.add(
          Figure.alone("processes_phase_" + WorkerPhases.NAMES.get(i), new double[] {mean}, "s"));
    }
    return figures;
  }

  private EffectiveRecipe recipe(BenchFolder folder, Path model, Path data, int round) {
    return RecipeReader.parse(
        "bench.yaml",
        String.format(
            Locale.ROOT,
            """
            model_name_or_path: "%s"
            train_file: "%s"
            output_dir: "%s"
            rewrite: off
            global_batch_size: %d
            micro_batch_size: %d
            logical_shards: %d
            max_steps: %d
            max_length: %d
            threads: 1
            save_steps: null
            """,
            model,
            data,
            folder.root().resolve("run-" + round),
            ROWS * microBatches,
            ROWS,
            Math.min(8, microBatches),
            WARM_UP + steps,
            LENGTH),
        folder.root(),
        List.of());
  }

  private double whole(EffectiveRecipe recipe) throws Exception {
    List<Long> committed = new ArrayList<>();
    TrainingRun run =
        TrainingRun.start(
            new TrainOptions(
                recipe,
                Settings.read(ConfigFactory.load()),
                workers,
                false,
                line -> {},
                event -> on(event, committed)),
            output -> LocalCluster.open(output, workers, "127.0.0.1", 0, progress));
    RunResult result = run.result().toCompletableFuture().get(2, TimeUnit.HOURS);
    if (!result.finished()) {
      throw new IllegalStateException(
          "the benchmark's run ended %s: %s".formatted(result.outcome(), result.reason()));
    }
    return (committed.get(WARM_UP + steps - 1) - committed.get(WARM_UP - 1)) / 1e9 / steps;
  }

  private synchronized void on(RunEvent event, List<Long> committed) {
    if (event instanceof RunEvent.Step) {
      committed.add(System.nanoTime());
    } else if (event instanceof RunEvent.Phases told && told.step() >= WARM_UP) {
      phases.addAll(told.workers());
    }
  }

  private double bare() throws Exception {
    try (DeviceThread device = DeviceThread.start("bench", workers)) {
      return device.submit(this::bareNow).toCompletableFuture().get(1, TimeUnit.HOURS);
    }
  }

  private double bareNow() {
    try (EngineLoop loop = new EngineLoop(workers, microBatches, ROWS, LENGTH)) {
      for (int i = 0; i < WARM_UP; i++) {
        loop.cadftStep(microBatches);
      }
      long start = System.nanoTime();
      for (int i = 0; i < steps; i++) {
        loop.cadftStep(microBatches);
      }
      return (System.nanoTime() - start) / 1e9 / steps;
    }
  }
}
