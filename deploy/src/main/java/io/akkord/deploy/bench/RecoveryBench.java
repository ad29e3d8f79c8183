package io.akkord.deploy.bench;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.deploy.cluster.LocalCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Seconds from kill -9 to the next committed step: of a worker process that keeps a slice of the
 * parameters, and of the control node that carries the run. With the demo's model, whose steps are
 * short, so that what is measured is the recovery.
 */
public final class RecoveryBench {
  private static final int WORKERS = 3;
  private static final int STEPS = 400;

  /** The kill comes after so many steps. */
  private static final int BEFORE = 40;

  /** Steps after the kill among which the one is that waited for the dead worker. */
  private static final int AFTER = 4;

  private final Path demo;
  private final int kills;
  private final Consumer<String> progress;

  /**
   * Prepares a bench.
   *
   * @param demo folder of the demo
   * @param kills measurements; the median counts
   */
  public RecoveryBench(Path demo, int kills, Consumer<String> progress) {
    this.demo = demo;
    this.kills = kills;
    this.progress = progress;
  }

  /** A worker process of a run on this machine; every worker keeps a slice and another's copy. */
  public Figure worker() throws Exception {
    double[] seconds = new double[kills];
    double[] steps = new double[kills];
    try (BenchFolder folder = BenchFolder.create()) {
      for (int kill = 0; kill < kills; kill++) {
        List<Long> commits = oneKill(folder.root().resolve("run-" + kill));
        long killed = commits.remove(0);
        seconds[kill] = recovery(killed, commits);
        steps[kill] = usualStep(killed, commits);
        progress.accept(
            "worker kill %d of %d: %.3f s; a step before it took %.3f s"
                .formatted(kill + 1, kills, seconds[kill], steps[kill]));
      }
    }
    return Figure.paired(
        "recovery_worker_with_a_slice", seconds, "s", steps, "a step before the kill");
  }

  /** The time of the kill, then those of all commits. */
  private List<Long> oneKill(Path output) throws Exception {
    List<Long> commits = Collections.synchronizedList(new ArrayList<>());
    List<Long> killed = Collections.synchronizedList(new ArrayList<>());
    Path[] run = {output};
    TrainingRun training =
        TrainingRun.start(
            new TrainOptions(
                recipe(demo, output, STEPS),
                Settings.read(ConfigFactory.load()),
                WORKERS,
                false,
                line -> {},
                event -> {
                  if (event instanceof RunEvent.Step) {
                    commits.add(System.nanoTime());
                    if (commits.size() == BEFORE) {
                      killed.add(killWorker());
                    }
                  }
                }),
            folder -> LocalCluster.open(run[0], WORKERS, "127.0.0.1", 0, line -> {}));
    while (commits.size() < BEFORE + AFTER && !training.result().toCompletableFuture().isDone()) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    training.stop("the bench has seen enough");
    RunResult result = training.result().toCompletableFuture().get(5, TimeUnit.MINUTES);
    if (commits.size() < BEFORE + AFTER) {
      throw new IllegalStateException(
          "the run ended %s: %s".formatted(result.outcome(), result.reason()));
    }
    List<Long> all = new ArrayList<>(killed);
    all.addAll(commits);
    return all;
  }

  /** The children of this process are the run's workers. */
  private static long killWorker() {
    ProcessHandle worker =
        ProcessHandle.current()
            .children()
            .filter(ProcessHandle::isAlive)
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("no worker process was found"));
    long now = System.nanoTime();
    worker.destroyForcibly();
    return now;
  }

  /** To the end of the longest of the next gaps: before it the dead worker's part was in. */
  private static double recovery(long killed, List<Long> commits) {
    long last = killed;
    long longest = -1;
    long end = killed;
    for (long commit : commits.subList(BEFORE, BEFORE + AFTER)) {
      if (commit - last > longest) {
        longest = commit - last;
        end = commit;
      }
      last = commit;
    }
    return (end - killed) / 1e9;
  }

  private static double usualStep(long killed, List<Long> commits) {
    return (killed - commits.get(BEFORE / 2)) / 1e9 / (BEFORE - 1 - BEFORE / 2);
  }

  /** The node, of three control nodes, that carries the queue and the run. */
  public Figure control(String url, String user) throws Exception {
    double[] seconds = new double[kills];
    try (BenchFolder folder = BenchFolder.create();
        RecoveryCluster cluster = RecoveryCluster.start(folder.root(), url, user)) {
      cluster.submit(recipe(demo, folder.root().resolve("run"), 1_000_000).recipe().toYaml());
      for (int kill = 0; kill < kills; kill++) {
        RecoveryCluster.Recovery recovery = cluster.killHolder();
        seconds[kill] = recovery.step();
        progress.accept(
            "control kill %d of %d: %.1f s; the attempt was opened after %.1f s"
                .formatted(kill + 1, kills, recovery.step(), recovery.opened()));
      }
    }
    return Figure.alone("recovery_control_node_3_with_postgresql", seconds, "s");
  }

  private static EffectiveRecipe recipe(Path demo, Path output, int steps) throws IOException {
    return RecipeReader.parse(
        "bench.yaml",
        """
        model_name_or_path: "%s"
        train_file: "%s"
        output_dir: "%s"
        rewrite: off
        global_batch_size: 8
        micro_batch_size: 2
        logical_shards: 4
        max_steps: %d
        max_length: 256
        too_long: truncate
        save_steps: 50
        """
            .formatted(
                demo.resolve("models/stories260K"),
                demo.resolve("data/mixed_stories.jsonl"),
                output,
                steps),
        output.getParent(),
        List.of());
  }
}
