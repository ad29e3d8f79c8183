package io.akkord.deploy.bench;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.engine.DeviceThread;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The whole of {@code train} (actors, barrier, ledger in its H2 journal, metrics) against the bare
 * engine loop, and the memory of a long run.
 */
public final class TrainBench {
  private static final int ROWS = 4;
  private static final int LENGTH = 256;

  /** Steps at the start of a measurement that do not count: caches, compilers, allocators. */
  private static final int WARMUP = 3;

  private static final int SOAK_STEPS = 2_000;
  private static final int SOAK_FROM = 500;
  private static final int SOAK_EVERY = 20;

  private final int threads;
  private final int rounds;
  private final int steps;
  private final Consumer<String> progress;

  /**
   * Prepares a bench.
   *
   * @param rounds pairs of measurements; the median counts
   * @param steps optimiser steps per measurement
   */
  public TrainBench(int threads, int rounds, int steps, Consumer<String> progress) {
    this.threads = threads;
    this.rounds = rounds;
    this.steps = steps;
    this.progress = progress;
  }

  /** Seconds per step of the whole product over those of the bare loop, 21.7 M, batch 4×256. */
  public Figure overBareLoop() throws Exception {
    double[] whole = new double[rounds];
    double[] bare = new double[rounds];
    try (BenchFolder folder = BenchFolder.create()) {
      Path model = folder.model();
      Path data = folder.data(64 * ROWS, LENGTH);
      for (int round = 0; round < rounds; round++) {
        whole[round] = whole(model, data, folder.root().resolve("run-" + round));
        bare[round] = bare();
        progress.accept(
            "train round %d of %d: whole %.3f s/step, bare loop %.3f"
                .formatted(round + 1, rounds, whole[round], bare[round]));
      }
    }
    return Figure.paired(
        "train_over_engine_loop_21.7M_4x256_fp32", whole, "s/step", bare, "bare engine loop");
  }

  /** With a thread of its own that ends, as that of the whole run does: see Devices. */
  private double bare() throws Exception {
    try (DeviceThread device = DeviceThread.start("bench", threads)) {
      return device.submit(this::bareNow).toCompletableFuture().get(1, TimeUnit.HOURS);
    }
  }

  private double bareNow() {
    try (EngineLoop loop = new EngineLoop(threads, 1, ROWS, LENGTH)) {
      for (int i = 0; i < WARMUP; i++) {
        loop.cadftStep(1);
      }
      long start = System.nanoTime();
      for (int i = 0; i < steps; i++) {
        loop.cadftStep(1);
      }
      return (System.nanoTime() - start) / 1e9 / steps;
    }
  }

  private double whole(Path model, Path data, Path output) throws Exception {
    EffectiveRecipe recipe =
        RecipeReader.parse(
            "bench.yaml",
            """
            model_name_or_path: "%s"
            train_file: "%s"
            output_dir: "%s"
            rewrite: off
            global_batch_size: %d
            micro_batch_size: %d
            logical_shards: 1
            max_steps: %d
            max_length: %d
            threads: %d
            save_steps: null
            """
                .formatted(model, data, output, ROWS, ROWS, WARMUP + steps, LENGTH, threads),
            output.getParent(),
            List.of());
    List<Long> committed = new ArrayList<>();
    finish(
        recipe,
        1,
        event -> {
          if (event instanceof RunEvent.Step) {
            committed.add(System.nanoTime());
          }
        });
    return (committed.get(WARMUP + steps - 1) - committed.get(WARMUP - 1)) / 1e9 / steps;
  }

  private static void finish(EffectiveRecipe recipe, int workers, Consumer<RunEvent> listener)
      throws Exception {
    TrainingRun run =
        TrainingRun.start(
            new TrainOptions(
                recipe,
                Settings.read(ConfigFactory.load()),
                workers,
                false,
                line -> {},
                listener::accept));
    RunResult result = run.result().toCompletableFuture().get(2, TimeUnit.HOURS);
    if (!result.finished()) {
      throw new IllegalStateException(
          "the benchmark's run ended %s: %s".formatted(result.outcome(), result.reason()));
    }
  }

  /**
   * Resident memory of this process over a run of the demo's model, recipe and rewriting.
   *
   * @param demo folder of the demo
   */
  public Figure memory(Path demo) throws Exception {
    List<Double> before = new ArrayList<>();
    List<Double> after = new ArrayList<>();
    try (BenchFolder folder = BenchFolder.create()) {
      String recipe =
          """
          model_name_or_path: "%s"
          train_file: "%s"
          output_dir: "%s"
          """
                  .formatted(
                      demo.resolve("models/stories260K"),
                      demo.resolve("data/mixed_stories.jsonl"),
                      folder.root().resolve("run"))
              + Files.readString(demo.resolve("demo.yaml"));
      EffectiveRecipe effective =
          RecipeReader.parse(
              "demo.yaml",
              recipe,
              folder.root(),
              List.of("max_steps=" + SOAK_STEPS, "eval_steps=null", "metric_for_best=null"));
      finish(
          effective,
          2,
          event -> {
            if (event instanceof RunEvent.Step step) {
              long done = step.report().step() + 1;
              if (done % SOAK_EVERY == 0) {
                double mebibytes = ResidentMemory.mebibytes();
                (done <= SOAK_FROM ? before : after).add(mebibytes);
                if (done % (SOAK_EVERY * 10) == 0) {
                  progress.accept("step %d: %.0f MiB resident".formatted(done, mebibytes));
                }
              }
            }
          });
    }
    double at = before.get(before.size() - 1);
    double most = after.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    return Figure.paired(
        "resident_memory_most_after_step_500_of_2000",
        new double[] {most},
        "MiB",
        new double[] {at},
        "at step 500");
  }
}
