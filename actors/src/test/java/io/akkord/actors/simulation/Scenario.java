package io.akkord.actors.simulation;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.run.RunFacts;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.RunPlan;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.ModelConfig.Architecture;
import io.akkord.model.hf.ModelConfig.Rope;
import io.akkord.model.layout.ParameterLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The run of a simulation: six steps over ten demonstrations twice, in batches of four.
 *
 * @param badStep whose scores are no numbers, whoever computes them; negative: none
 */
record Scenario(int kind, RunPlan plan, ParameterLayout layout, Settings settings, long badStep) {
  static final int KINDS = 3;
  static final String RUN = "run";

  private static final int SAMPLES = 10;
  private static final String REWRITING =
      "{warmup: 2, every: 2, fraction: 0.5, probability: 0.7, min_visits: 1, batch: 2}";

  /** Kind 0 only trains; 1 rewrites and evaluates; 2 has a step that is skipped as well. */
  static Scenario of(int kind, Path outputDir) {
    String yaml =
        """
        model_name_or_path: %s
        train_file: %s
        eval_file: %s
        output_dir: %s
        rewrite: %s
        global_batch_size: 4
        micro_batch_size: 1
        logical_shards: 4
        num_train_epochs: 2
        save_steps: %d
        save_total_limit: 2
        metric_for_best: %s
        dtype: float64
        """
            .formatted(
                TestModels.stories260K().toAbsolutePath(),
                TestModels.mixedStories().toAbsolutePath(),
                kind == 0 ? "null" : TestModels.mixedStories().toAbsolutePath(),
                outputDir,
                kind == 0 ? "off" : REWRITING,
                kind == 2 ? 3 : 2,
                kind == 0 ? "null" : "eval_nll");
    Recipe recipe = RecipeReader.parse("simulation.yaml", yaml, Path.of(""), List.of()).recipe();
    return new Scenario(
        kind,
        RunPlan.of(recipe, SAMPLES, kind == 0 ? 0 : 2 * 8),
        ParameterLayout.of(tiny(), FakeSlices.BLOCK),
        Settings.read(ConfigFactory.load()),
        kind == 2 ? 3 : -1);
  }

  /** Twelve numbers in six blocks. */
  private static ModelConfig tiny() {
    return new ModelConfig(
        Architecture.LLAMA,
        5,
        2,
        1,
        0,
        1,
        1,
        2,
        1e-5,
        true,
        false,
        false,
        new Rope(10000, Optional.empty()),
        8,
        OptionalInt.empty(),
        List.of(),
        OptionalInt.empty());
  }

  RunFacts facts(long attempt, int slices) {
    return RunFacts.of(RUN, attempt, plan, settings, layout, slices);
  }
}
