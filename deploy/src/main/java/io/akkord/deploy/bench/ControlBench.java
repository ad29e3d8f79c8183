package io.akkord.deploy.bench;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.RunPlan;
import io.akkord.config.Settings;
import io.akkord.model.layout.ParameterLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What a step costs when nobody computes: supervisor, parameter server, one small slice, ledger
 * with its journal, and any number of workers with idle devices, in this JVM. One logical shard and
 * one sample a worker.
 */
public final class ControlBench {
  private static final int WARM_UP = 10;

  private final int rounds;
  private final int steps;
  private final Consumer<String> progress;

  /**
   * Prepares a bench.
   *
   * @param rounds runs of each size; the median counts
   * @param steps of a run that count
   */
  public ControlBench(int rounds, int steps, Consumer<String> progress) {
    this.rounds = rounds;
    this.steps = steps;
    this.progress = progress;
  }

  /** µs per worker and step of {@code workers}, against those of fewer workers in the same run. */
  public Figure measure(int workers, int fewer) throws Exception {
    double[] many = new double[rounds];
    double[] few = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      few[round] = microsPerWorker(fewer);
      many[round] = microsPerWorker(workers);
      progress.accept(
          "control round %d of %d: %.1f µs per worker and step with %d workers, %.1f with %d"
              .formatted(round + 1, rounds, many[round], workers, few[round], fewer));
    }
    return Figure.paired(
        "control_per_worker_and_step_%d_workers".formatted(workers),
        many,
        "µs",
        few,
        fewer + " workers");
  }

  private double microsPerWorker(int workers) throws Exception {
    try (BenchFolder folder = BenchFolder.create()) {
      int vocabulary = BenchModel.tiny().vocabSize();
      Path model = folder.model(BenchModel.tiny());
      Path data = folder.data(2 * workers, 2, vocabulary);
      EffectiveRecipe recipe =
          RecipeReader.parse(
              "bench.yaml",
              """
              model_name_or_path: "%s"
              train_file: "%s"
              output_dir: "%s"
              rewrite: off
              global_batch_size: %d
              micro_batch_size: 1
              logical_shards: %d
              parameter_shards: 1
              max_steps: %d
              max_length: 8
              save_steps: null
              """
                  .formatted(
                      model, data, folder.root().resolve("run"), workers, workers, WARM_UP + steps),
              folder.root(),
              List.of());
      return run(recipe, workers);
    }
  }

  private double run(EffectiveRecipe recipe, int workers) throws Exception {
    Settings settings = Settings.read(ConfigFactory.load());
    RunPlan plan = RunPlan.of(recipe.recipe(), 2 * workers, 0);
    List<Long> committed = new ArrayList<>();
    TrainingRun run =
        TrainingRun.start(
            new TrainOptions(
                recipe,
                settings,
                workers,
                false,
                line -> {},
                event -> {
                  if (event instanceof RunEvent.Step) {
                    committed.add(System.nanoTime());
                  }
                }),
            output ->
                new IdleHosts(
                    Journal.open(output),
                    settings,
                    plan,
                    ParameterLayout.of(BenchModel.tiny()),
                    workers));
    RunResult result = run.result().toCompletableFuture().get(30, TimeUnit.MINUTES);
    if (!result.finished()) {
      throw new IllegalStateException(
          "the benchmark's run ended %s: %s".formatted(result.outcome(), result.reason()));
    }
    double[] seconds = new double[steps];
    for (int i = 0; i < steps; i++) {
      seconds[i] = (committed.get(WARM_UP + i) - committed.get(WARM_UP + i - 1)) / 1e9;
    }
    return Figure.median(seconds) * 1e6 / workers;
  }
}
