package io.akkord.deploy.bench;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * A long run of the demo's model, data and recipe in small steps, with rewriting and checkpoints:
 * whether memory, heap, file handles and threads stay flat, and what the run leaves on the disk.
 */
public final class SoakBench {
  private static final int SAMPLES = 100;
  private static final int WORKERS = 2;

  private final Path demo;
  private final int steps;
  private final Consumer<String> progress;

  /**
   * What was there after so many steps.
   *
   * @param residentMebibytes of the whole process
   * @param heapMebibytes in use right after a collection
   * @param handles open files and sockets
   * @param threads of the JVM
   * @param journalMebibytes of the journal's files
   */
  private record Sample(
      long step,
      double residentMebibytes,
      double heapMebibytes,
      int handles,
      int threads,
      double journalMebibytes) {

    static Sample take(long step, Path run) {
      System.gc();
      return new Sample(
          step,
          ResidentMemory.mebibytes(),
          ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1048576.0,
          entries(Path.of("/proc/self/fd")),
          ManagementFactory.getThreadMXBean().getThreadCount(),
          mebibytes(run.resolve("journal")));
    }

    String line() {
      return "step %d: %.0f MiB resident, %.1f MiB heap, %d handles, %d threads, journal %.1f MiB"
          .formatted(step, residentMebibytes, heapMebibytes, handles, threads, journalMebibytes);
    }
  }

  /**
   * Prepares a soak.
   *
   * @param demo folder of the demo
   * @param steps optimiser steps of the run
   */
  public SoakBench(Path demo, int steps, Consumer<String> progress) {
    this.demo = demo;
    this.steps = steps;
    this.progress = progress;
  }

  /**
   * Runs; each figure is the most of the last nine tenths of the run over the first tenth's end.
   */
  public List<Figure> measure() throws Exception {
    List<Sample> samples = new ArrayList<>();
    int every = Math.max(1, steps / SAMPLES);
    try (BenchFolder folder = BenchFolder.create()) {
      Path run = folder.root().resolve("run");
      TrainingRun training =
          TrainingRun.start(
              new TrainOptions(
                  recipe(folder.root(), run),
                  Settings.read(ConfigFactory.load()),
                  WORKERS,
                  false,
                  line -> {},
                  event -> {
                    if (event instanceof RunEvent.Step step
                        && (step.report().step() + 1) % every == 0) {
                      samples.add(Sample.take(step.report().step() + 1, run));
                      progress.accept(samples.get(samples.size() - 1).line());
                    }
                  }));
      RunResult result = training.result().toCompletableFuture().get(12, TimeUnit.HOURS);
      if (!result.finished()) {
        throw new IllegalStateException(
            "the soak's run ended %s: %s".formatted(result.outcome(), result.reason()));
      }
      return figures(samples, mebibytes(run.resolve("journal")));
    }
  }

  private EffectiveRecipe recipe(Path folder, Path run) throws IOException {
    String recipe =
        """
        model_name_or_path: "%s"
        train_file: "%s"
        output_dir: "%s"
        """
                .formatted(
                    demo.resolve("models/stories260K"),
                    demo.resolve("data/mixed_stories.jsonl"),
                    run)
            + Files.readString(demo.resolve("demo.yaml"));
    return RecipeReader.parse(
        "demo.yaml",
        recipe,
        folder,
        List.of(
            "max_steps=" + steps,
            "global_batch_size=4",
            "micro_batch_size=2",
            "logical_shards=2",
            "threads=1",
            "eval_steps=null",
            "metric_for_best=null",
            "save_steps=" + Math.max(1, steps / 20)));
  }

  private List<Figure> figures(List<Sample> samples, double journalAtEnd) {
    double perTenThousand = journalAtEnd / steps * 10_000;
    return List.of(
        most("resident_memory", "MiB", samples, Sample::residentMebibytes),
        most("heap_after_collection", "MiB", samples, Sample::heapMebibytes),
        most("file_handles", "handles", samples, Sample::handles),
        most("threads", "threads", samples, Sample::threads),
        Figure.alone("journal_per_10000_steps", new double[] {perTenThousand}, "MiB"));
  }

  private Figure most(
      String what, String unit, List<Sample> samples, ToDoubleFunction<Sample> value) {
    int first = samples.size() / 10;
    double at = value.applyAsDouble(samples.get(first));
    double most = samples.stream().skip(first).mapToDouble(value).max().orElseThrow();
    return Figure.paired(
        "soak_%d_steps_%s_most".formatted(steps, what),
        new double[] {most},
        unit,
        new double[] {at},
        "at step " + samples.get(first).step());
  }

  private static int entries(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return (int) files.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double mebibytes(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(SoakBench::size).sum() / 1048576.0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0; // H2 replaced it meanwhile
    }
  }
}
