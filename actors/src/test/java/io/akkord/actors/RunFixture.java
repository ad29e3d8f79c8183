package io.akkord.actors;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.run.RunFacts;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.RunPlan;
import io.akkord.config.Settings;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The facts of a small run: 8 samples in batches of 4 (two steps an epoch), 4 logical shards, two
 * slices of two parameters each. There is no model behind it.
 */
public final class RunFixture {
  public static final String RUN = "fixture";
  public static final int SAMPLES = 8;
  public static final int SHARDS = 4;

  private static final String RECIPE =
      """
      model_name_or_path: model
      train_file: data.jsonl
      eval_file: data.jsonl
      output_dir: %s
      global_batch_size: 4
      micro_batch_size: 1
      logical_shards: 4
      shuffle: false
      warmup_ratio: 0
      lr_scheduler_type: constant
      learning_rate: 0.5
      """;

  private final Path folder;
  private String recipe = "max_steps: 6\nsave_steps: null\nrewrite: false\n";
  private String settings = "";
  private int evalSamples;

  private RunFixture(Path folder) {
    this.folder = folder;
  }

  /** A run of six steps with no boundary but its end. */
  public static RunFixture in(Path folder) {
    try {
      Files.createDirectories(folder.resolve("model"));
      Files.createDirectories(folder.resolve("run"));
      Files.writeString(folder.resolve("data.jsonl"), "{}\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new RunFixture(folder);
  }

  /** Length, boundaries and objective: everything that {@link #RECIPE} does not say. */
  public RunFixture recipe(String lines) {
    recipe = lines;
    return this;
  }

  /** Settings below {@code akkord}. */
  public RunFixture settings(String hocon) {
    settings = hocon;
    return this;
  }

  /** Held-out samples. */
  public RunFixture evalSamples(int samples) {
    evalSamples = samples;
    return this;
  }

  /** The facts of its first attempt. */
  public RunFacts facts() {
    return facts(1);
  }

  /** The facts of an attempt. */
  public RunFacts facts(long attempt) {
    Recipe read =
        RecipeReader.parse(
                "fixture", RECIPE.formatted(folder.resolve("run")) + recipe, folder, List.of())
            .recipe();
    Settings bounds =
        Settings.read(
            ConfigFactory.parseString("akkord {" + settings + "}")
                .withFallback(ConfigFactory.load()));
    List<Slice> slices = List.of(new Slice(0, 0, 2), new Slice(1, 2, 4));
    return new RunFacts(
        RUN,
        attempt,
        RunPlan.of(read, SAMPLES, evalSamples),
        bounds,
        ParameterLayout.of(tiny()),
        slices);
  }

  private static ModelConfig tiny() {
    return new ModelConfig(
        ModelConfig.Architecture.LLAMA,
        4,
        2,
        2,
        1,
        1,
        1,
        2,
        1e-6,
        true,
        false,
        false,
        new ModelConfig.Rope(10000, Optional.empty()),
        16,
        OptionalInt.empty(),
        List.of(0),
        OptionalInt.empty());
  }
}
