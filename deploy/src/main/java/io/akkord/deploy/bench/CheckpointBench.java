package io.akkord.deploy.bench;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** How long a run stands still for a checkpoint, over how long the checkpoint is written. */
public final class CheckpointBench {
  private static final int LENGTH = 16;

  /** Steps; one checkpoint is on the disk before the next one is due. */
  private static final int EVERY = 6;

  private final int checkpoints;
  private final Consumer<String> progress;

  /**
   * Prepares a bench.
   *
   * @param checkpoints measured ones; the median counts
   */
  public CheckpointBench(int checkpoints, Consumer<String> progress) {
    this.checkpoints = checkpoints;
    this.progress = progress;
  }

  /** Seconds blocked for a checkpoint of the 21.7 M model, over the seconds of writing it. */
  public Figure blockedOverWritten() throws Exception {
    try (BenchFolder folder = BenchFolder.create()) {
      Path model = folder.model(BenchModel.config());
      Path data = folder.data(8, LENGTH, BenchModel.VOCAB);
      EffectiveRecipe recipe =
          RecipeReader.parse(
              "bench.yaml",
              """
              model_name_or_path: "%s"
              train_file: "%s"
              output_dir: "%s"
              rewrite: off
              global_batch_size: 4
              micro_batch_size: 4
              logical_shards: 1
              parameter_shards: 1
              max_steps: %d
              max_length: %d
              save_steps: %d
              save_total_limit: 1
              """
                  .formatted(
                      model,
                      data,
                      folder.root().resolve("run"),
                      EVERY * (checkpoints + 1),
                      LENGTH,
                      EVERY),
              folder.root(),
              List.of());
      return figure(run(recipe));
    }
  }

  private List<CheckpointFinished> run(EffectiveRecipe recipe) throws Exception {
    List<CheckpointFinished> written = new ArrayList<>();
    Settings settings = Settings.read(ConfigFactory.load());
    TrainOptions options =
        new TrainOptions(
            recipe,
            settings,
            1,
            false,
            line -> {},
            event -> {
              if (event instanceof RunEvent.Checkpoint checkpoint) {
                written.add(checkpoint.finished());
              }
            });
    RunResult result =
        TrainingRun.start(options).result().toCompletableFuture().get(30, TimeUnit.MINUTES);
    if (!result.finished()) {
      throw new IllegalStateException(
          "the benchmark's run ended %s: %s".formatted(result.outcome(), result.reason()));
    }
    return written;
  }

  /** Without the first one, in which the code is not compiled yet. */
  private Figure figure(List<CheckpointFinished> written) {
    double[] blocked = new double[written.size() - 1];
    double[] seconds = new double[blocked.length];
    for (int i = 0; i < blocked.length; i++) {
      blocked[i] = written.get(i + 1).getBlockedSeconds();
      seconds[i] = written.get(i + 1).getSeconds();
      progress.accept(
          "checkpoint %d of %d: blocked %.4f s, written in %.3f s"
              .formatted(i + 1, blocked.length, blocked[i], seconds[i]));
    }
    return Figure.paired(
        "checkpoint_blocked_seconds_21.7M", blocked, "s", seconds, "writing the checkpoint");
  }
}
