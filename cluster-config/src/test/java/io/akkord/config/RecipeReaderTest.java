package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.model.objective.LossReduction;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.SampleWeight;
import io.akkord.model.objective.StatsScope;
import io.akkord.model.optim.LrSchedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecipeReaderTest {
  @TempDir Path temp;
  private RecipeFolder folder;

  @BeforeEach
  void folder() {
    folder = RecipeFolder.in(temp);
  }

  @Test
  void aRecipeThatNamesOnlyWhatItMustIsThePapersMethodWithItsDefaults() {
    Recipe recipe = folder.recipe("");
    assertThat(recipe.lossType()).isEqualTo(LossType.DFT);
    assertThat(recipe.sampleWeight()).isEqualTo(SampleWeight.CADFT);
    assertThat(recipe.lossReduction()).isEqualTo(LossReduction.SAMPLE_MEAN);
    assertThat(recipe.cadft()).isEqualTo(new Recipe.Cadft(1.0, 1e-6, StatsScope.GLOBAL_BATCH));
    Recipe.Rewrite rewrite = recipe.rewrite().orElseThrow();
    assertThat(rewrite.warmup()).isEqualTo(new StepsOrShare.Steps(3000));
    assertThat(rewrite.every()).isEqualTo(new StepsOrShare.Steps(1000));
    assertThat(rewrite.fraction()).isEqualTo(0.005);
    assertThat(rewrite.probability()).isEqualTo(0.5);
    assertThat(rewrite.accept()).isEqualTo(Recipe.Accept.ANY);
    assertThat(recipe.globalBatchSize()).isEqualTo(256);
    assertThat(recipe.lrSchedulerType()).isEqualTo(LrSchedule.Kind.COSINE);
    assertThat(recipe.warmupRatio()).contains(0.1);
    assertThat(recipe.heldForwardMemory().bytes()).isEmpty();
    assertThat(recipe.threads()).isEqualTo(1);
  }

  @Test
  void valuesOfAllKindsAreRead() {
    Recipe recipe =
        folder.recipe(
            """
            eval_file: held-out.jsonl
            loss_type: nll
            sample_weight: none
            loss_reduction: token_mean
            cadft: {beta: 2, stats_scope: previous_step}
            rewrite:
              warmup: 0.4
              every: 7
              score: c
              accept: lower_score
            learning_rate: 5e-4
            warmup_steps: 10
            too_long: drop
            dtype: bfloat16
            shuffle: false
            held_forward_memory: 512MiB
            eval_steps: 0.25
            metric_for_best: eval_mean_p
            save_steps: null
            save_total_limit: ~
            """);
    assertThat(recipe.evalFile()).contains(temp.resolve("held-out.jsonl"));
    assertThat(recipe.lossType()).isEqualTo(LossType.NLL);
    assertThat(recipe.cadft().beta()).isEqualTo(2.0);
    assertThat(recipe.cadft().statsScope()).isEqualTo(StatsScope.PREVIOUS_STEP);
    Recipe.Rewrite rewrite = recipe.rewrite().orElseThrow();
    assertThat(rewrite.warmup()).isEqualTo(new StepsOrShare.Share(0.4));
    assertThat(rewrite.every()).isEqualTo(new StepsOrShare.Steps(7));
    assertThat(rewrite.score()).isEqualTo(Recipe.Score.C);
    assertThat(rewrite.accept()).isEqualTo(Recipe.Accept.LOWER_SCORE);
    assertThat(recipe.learningRate()).isEqualTo(5e-4);
    assertThat(recipe.warmupSteps()).contains(10L);
    assertThat(recipe.tooLong()).isEqualTo(TooLong.DROP);
    assertThat(recipe.dtype()).isEqualTo(Dtype.BFLOAT16);
    assertThat(recipe.shuffle()).isFalse();
    assertThat(recipe.heldForwardMemory().bytes()).isEqualTo(OptionalLong.of(512L << 20));
    assertThat(recipe.evalSteps()).contains(new StepsOrShare.Share(0.25));
    assertThat(recipe.metricForBest()).contains(EvalMetric.EVAL_MEAN_P);
    assertThat(recipe.saveSteps()).isEmpty();
    assertThat(recipe.saveTotalLimit()).isEmpty();
  }

  @Test
  void rewritingIsSwitchedOffByOffFalseOrNothing() {
    for (String off : List.of("off", "false", "no")) {
      assertThat(folder.recipe("rewrite: " + off + "\n").rewrite()).as(off).isEmpty();
    }
    assertThat(folder.recipe("rewrite: null\n").rewrite()).isEmpty();
    assertThat(folder.recipe("rewrite:\n").rewrite()).isEmpty();
    assertThat(folder.recipe("rewrite: on\n").rewrite()).isPresent();
  }

  @Test
  void anOverrideSwitchesRewritingOffAlthoughTheFileHasItsKeys() {
    assertThat(folder.recipe("rewrite: {warmup: 5}\n", "rewrite=off").rewrite()).isEmpty();
  }

  @Test
  void anOverrideWithKeysSwitchesRewritingOnAgain() {
    Recipe recipe = folder.recipe("rewrite: off\n", "rewrite={warmup: 0.5}");
    assertThat(recipe.rewrite().orElseThrow().warmup()).isEqualTo(new StepsOrShare.Share(0.5));
  }

  @Test
  void overridesWinOverTheFileAndTheLastOneOverAll() {
    EffectiveRecipe effective =
        folder.read("seed: 1\n", "seed=2", "cadft.beta=0.5", "seed=3", "eval_file=null");
    assertThat(effective.recipe().seed()).isEqualTo(3);
    assertThat(effective.recipe().cadft().beta()).isEqualTo(0.5);
    assertThat(effective.recipe().evalFile()).isEmpty();
  }

  @Test
  void givenWarmupStepsDisplaceTheDefaultRatio() {
    Recipe recipe = folder.recipe("warmup_steps: 3\n");
    assertThat(recipe.warmupRatio()).isEmpty();
    assertThat(recipe.warmupSteps()).contains(3L);
  }

  @Test
  void everyValueKnowsItsOrigin() {
    EffectiveRecipe effective =
        folder.read("seed: 7\nrewrite:\n  warmup: 0.4\n", "learning_rate=1e-3");
    assertThat(effective.origin("seed")).hasToString("recipe.yaml:4");
    assertThat(effective.origin("rewrite.warmup")).hasToString("recipe.yaml:6");
    assertThat(effective.origin("learning_rate")).hasToString("--set");
    assertThat(effective.origin("weight_decay")).hasToString("default");
  }

  @Test
  void onlySettingsThatDifferFromTheirDefaultAreListed() {
    EffectiveRecipe effective =
        folder.read("seed: 42\nglobal_batch_size: 32\nadam_epsilon: 1e-8\n", "rewrite.every=0.3");
    assertThat(effective.nonDefaults())
        .extracting(EffectiveRecipe.Setting::key)
        .containsExactly(
            "model_name_or_path", "train_file", "output_dir", "rewrite.every", "global_batch_size");
    assertThat(effective.nonDefaults())
        .extracting(EffectiveRecipe.Setting::toString)
        .contains("rewrite.every: 0.3  (--set)", "global_batch_size: 32  (recipe.yaml:5)");
  }

  @Test
  void aRelativePathIsTheOneBesideTheRecipeBeforeTheOneInTheCurrentDirectory() throws IOException {
    Path here = Files.createDirectory(temp.resolve("elsewhere"));
    Files.writeString(here.resolve("data.jsonl"), "{}\n");
    Files.writeString(here.resolve("only-here.jsonl"), "{}\n");
    Recipe recipe =
        new RecipeAssembly("recipe.yaml", new RecipePaths(temp, here, true))
            .assemble(RecipeFolder.REQUIRED + "eval_file: only-here.jsonl\n", List.of())
            .recipe();
    assertThat(recipe.trainFile()).isEqualTo(temp.resolve("data.jsonl"));
    assertThat(recipe.evalFile()).contains(here.resolve("only-here.jsonl"));
    assertThat(recipe.outputDir()).isEqualTo(here.resolve("runs/first"));
  }

  @Test
  void aPathGivenByAnOverrideBelongsToTheCurrentDirectory() throws IOException {
    Path here = Files.createDirectory(temp.resolve("elsewhere"));
    Files.writeString(here.resolve("data.jsonl"), "{}\n");
    Recipe recipe =
        new RecipeAssembly("recipe.yaml", new RecipePaths(temp, here, true))
            .assemble(RecipeFolder.REQUIRED, List.of("train_file=data.jsonl"))
            .recipe();
    assertThat(recipe.trainFile()).isEqualTo(here.resolve("data.jsonl"));
  }

  @Test
  void aWrittenRecipeReadsBackEqual() throws IOException {
    Recipe recipe =
        folder.recipe(
            """
            eval_file: held-out.jsonl
            rewrite: {warmup: 0.4, accept: lower_score}
            warmup_steps: 12
            max_steps: 40
            held_forward_memory: 3GiB
            save_steps: 0.5
            metric_for_best: eval_nll
            learning_rate: 3e-4
            """,
            "output_dir=runs/with \"quotes\"");
    Path written = temp.resolve("effective-recipe.yaml");
    Files.writeString(written, recipe.toYaml());
    assertThat(RecipeReader.readRecorded(written)).isEqualTo(recipe);
    assertThat(RecipeReader.read(written, List.of()).recipe().toYaml()).isEqualTo(recipe.toYaml());
  }

  @Test
  void aWrittenRecipeWithoutRewritingReadsBackEqual() throws IOException {
    Recipe recipe = folder.recipe("rewrite: off\n");
    Path written = temp.resolve("effective-recipe.yaml");
    Files.writeString(written, recipe.toYaml());
    assertThat(recipe.toYaml()).contains("\nrewrite: false\n");
    assertThat(RecipeReader.readRecorded(written)).isEqualTo(recipe);
  }

  @Test
  void aRecordedRecipeIsReadAlthoughItsDataIsGone() throws IOException {
    Recipe recipe = folder.recipe("");
    Path written = temp.resolve("effective-recipe.yaml");
    Files.writeString(written, recipe.toYaml());
    Files.delete(temp.resolve("data.jsonl"));
    assertThat(RecipeReader.readRecorded(written)).isEqualTo(recipe);
  }

  @Test
  void aRecipeCanBeReadFromText() {
    Recipe recipe =
        RecipeReader.parse("job 7", RecipeFolder.REQUIRED, temp, List.of("seed=5")).recipe();
    assertThat(recipe.seed()).isEqualTo(5);
    assertThat(recipe.maxSteps()).isEqualTo(Optional.empty());
  }
}
