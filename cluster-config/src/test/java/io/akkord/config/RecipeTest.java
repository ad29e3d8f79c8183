package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.model.objective.Objective;
import io.akkord.model.optim.AdamW;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecipeTest {
  @TempDir Path temp;
  private RecipeFolder folder;

  @BeforeEach
  void folder() {
    folder = RecipeFolder.in(temp);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "output_dir=elsewhere",
        "eval_file=null",
        "eval_steps=3",
        "metric_for_best=eval_nll",
        "save_steps=7",
        "save_total_limit=9",
        "logging_steps=1",
        "parameter_shards=3",
        "held_forward_memory=1GiB"
      })
  void theFingerprintIsTheSameForWhatLeavesTheResultAlone(String set) {
    String evaluated = "eval_file: " + temp.resolve("held-out.jsonl") + "\n";
    Recipe one = folder.recipe(evaluated);
    Recipe other = folder.recipe(set.startsWith("eval_file") ? "" : evaluated, set);
    assertThat(other).isNotEqualTo(one);
    assertThat(other.fingerprint()).isEqualTo(one.fingerprint()).hasSize(64);
    assertThat(one.differences(other)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "seed=1, seed, 42, 1",
    "threads=2, threads, 1, 2",
    "logical_shards=4, logical_shards, 8, 4",
    "rewrite.top_p=0.8, rewrite.top_p, 0.9, 0.8",
    "cadft.beta=2, cadft.beta, 1.0, 2.0",
    "loss_reduction=token_mean, loss_reduction, sample_mean, token_mean",
    "too_long=drop, too_long, error, drop",
    "max_steps=3, max_steps, null, 3"
  })
  void aKeyThatChangesTheResultChangesTheFingerprintAndIsNamed(
      String set, String key, String here, String there) {
    Recipe one = folder.recipe("");
    Recipe other = folder.recipe("", set);
    assertThat(other.fingerprint()).isNotEqualTo(one.fingerprint());
    assertThat(one.differences(other)).contains(new Recipe.Difference(key, here, there));
  }

  @Test
  void rewritingSwitchedOffIsOneDifferenceAndNotThirteen() {
    Recipe.Difference only =
        assertThat(folder.recipe("").differences(folder.recipe("rewrite: off\n")))
            .singleElement()
            .actual();
    assertThat(only).hasToString("rewrite: true here, false there");
  }

  @Test
  void epochsDoNotCountWhereMaxStepsDecides() {
    Recipe one = folder.recipe("max_steps: 5\nnum_train_epochs: 1\n");
    Recipe other = folder.recipe("max_steps: 5\nnum_train_epochs: 2\n");
    assertThat(other.fingerprint()).isEqualTo(one.fingerprint());
  }

  @Test
  void theSpellingOfAValueDoesNotCount() {
    Recipe one = folder.recipe("learning_rate: 5e-4\nseed: 7\n");
    Recipe other = folder.recipe("seed: 7\nlearning_rate: 0.0005\n");
    assertThat(other.fingerprint()).isEqualTo(one.fingerprint());
    assertThat(other).isEqualTo(one);
  }

  @Test
  void objectiveAndOptimiserAreWhatTheKeysSay() {
    Recipe recipe = folder.recipe("weight_decay: 0.1\nadam_beta2: 0.95\n");
    assertThat(recipe.objective()).isEqualTo(Objective.cadft());
    assertThat(recipe.adamW()).isEqualTo(new AdamW(0.9, 0.95, 1e-8, 0.1));
  }

  @Test
  void theLedgersScoreAndDecayAreThereAlthoughRewritingIsOff() {
    assertThat(folder.recipe("rewrite: off\n").rewriteOrDefaults())
        .isEqualTo(folder.recipe("").rewrite().orElseThrow());
    assertThat(folder.recipe("rewrite: {decay: 0.5}\n").rewriteOrDefaults().decay()).isEqualTo(0.5);
  }

  @ParameterizedTest
  @CsvSource({
    "auto, auto, -1",
    "512MiB, 512MiB, 536870912",
    "2 GiB, 2GiB, 2147483648",
    "1024KiB, 1MiB, 1048576",
    "7B, 7B, 7",
    "0, 0B, 0"
  })
  void amountsOfMemoryAreReadInTheirUnits(String text, String written, long bytes) {
    MemoryLimit limit = MemoryLimit.parse(text).orElseThrow();
    assertThat(limit).hasToString(written);
    assertThat(limit.bytes().orElse(-1)).isEqualTo(bytes);
    assertThat(MemoryLimit.parse(written)).contains(limit);
  }

  @Test
  void amountsOfMemoryWithoutUnitOrSenseAreNone() {
    assertThat(MemoryLimit.parse("12")).isEqualTo(Optional.empty());
    assertThat(MemoryLimit.parse("-1GiB")).isEqualTo(Optional.empty());
    assertThat(MemoryLimit.parse("2GB")).isEqualTo(Optional.empty());
  }

  @Test
  void aShareOfTheRunIsRoundedToTheNearestStepAndAtLeastOne() {
    assertThat(new StepsOrShare.Share(0.4).in(87)).isEqualTo(35);
    assertThat(new StepsOrShare.Share(0.3).in(87)).isEqualTo(26);
    assertThat(new StepsOrShare.Share(0.001).in(87)).isEqualTo(1);
    assertThat(new StepsOrShare.Steps(3000).in(87)).isEqualTo(3000);
  }

  @Test
  void aHigherProbabilityAndALowerNllAreBetterAndNaNNeverIs() {
    assertThat(EvalMetric.EVAL_MEAN_P.better(0.5, 0.4)).isTrue();
    assertThat(EvalMetric.EVAL_TOP1.better(0.4, 0.5)).isFalse();
    assertThat(EvalMetric.EVAL_NLL.better(1.0, 2.0)).isTrue();
    assertThat(EvalMetric.EVAL_NLL.better(Double.NaN, 2.0)).isFalse();
    assertThat(EvalMetric.EVAL_MEAN_P.better(Double.NaN, 0.0)).isFalse();
  }
}
