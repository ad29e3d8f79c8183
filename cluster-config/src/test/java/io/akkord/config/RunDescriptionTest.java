package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDescriptionTest {
  private static final String SMALL =
      """
      global_batch_size: 32
      micro_batch_size: 4
      logical_shards: 4
      num_train_epochs: 3
      rewrite: {warmup: 0.4, every: 0.3, min_visits: 1}
      """;

  @TempDir Path temp;
  private RecipeFolder folder;

  @BeforeEach
  void folder() {
    folder = RecipeFolder.in(temp);
  }

  private List<String> lines(int samples, String... sets) {
    EffectiveRecipe effective = folder.read(SMALL, sets);
    int held = effective.recipe().evalFile().isPresent() ? 50 : 0;
    return RunDescription.lines(effective, RunPlan.of(effective.recipe(), samples, held));
  }

  @Test
  void aWholeRunReadsAsAPersonWouldSayIt() {
    assertThat(lines(900))
        .containsExactly(
            "objective: CADFT: weighted DFT loss, mean over samples, statistics over the global batch",
            "  weight of a sample: exp(-1.0 max(0, z)), z = (c - mean) / (std + 1.0E-6)",
            "batches: 900 samples, batch 32 = 8 micro-batches × 4 rows on 4 logical shards",
            "  29 steps per epoch (last batch 4 samples), 3 epochs = 87 steps",
            "learning rate: up to 5.0E-5 over 9 steps, then cosine to 0 at step 87",
            "rewriting: 2 cycles, after steps 35 and 61; each takes up to 5 candidates, each with probability 0.5",
            "  after cycle 1 (step 35): 1608 sample visits left; of 900 samples with at least 1 visit, all are visited again",
            "  after cycle 2 (step 61): 804 sample visits left; of 900 samples with at least 1 visit, 89.3 % will be visited again",
            "evaluation: none (no eval_file)",
            "checkpoints: every 500 steps and at the end; 3 are kept",
            "settings that are not the default:",
            "  model_name_or_path: \"" + temp.resolve("model") + "\"  (recipe.yaml:1)",
            "  train_file: \"" + temp.resolve("data.jsonl") + "\"  (recipe.yaml:2)",
            "  output_dir: \"" + Path.of("runs/first").toAbsolutePath() + "\"  (recipe.yaml:3)",
            "  rewrite.warmup: 0.4  (recipe.yaml:8)",
            "  rewrite.every: 0.3  (recipe.yaml:8)",
            "  rewrite.min_visits: 1  (recipe.yaml:8)",
            "  global_batch_size: 32  (recipe.yaml:4)",
            "  logical_shards: 4  (recipe.yaml:6)",
            "  num_train_epochs: 3  (recipe.yaml:7)");
  }

  @Test
  void everyObjectiveHasItsName() {
    assertThat(lines(900, "loss_type=nll", "sample_weight=none"))
        .contains(
            "objective: SFT: negative log-likelihood, mean over samples, all samples with weight 1");
    assertThat(lines(900, "sample_weight=none", "loss_reduction=token_mean"))
        .contains("objective: DFT: DFT loss, mean over tokens, all samples with weight 1");
    assertThat(lines(900, "loss_type=nll", "cadft.stats_scope=micro_batch"))
        .contains(
            "objective: SFT with CADFT's weights: weighted negative log-likelihood, mean over samples, statistics over each micro-batch");
    assertThat(lines(900, "cadft.stats_scope=previous_step"))
        .contains(
            "objective: CADFT: weighted DFT loss, mean over samples, statistics of the previous step");
  }

  @Test
  void aRunWithoutCyclesSaysWhyAndWhatToSet() {
    assertThat(lines(900, "rewrite.warmup=3000"))
        .contains(
            "rewriting: no rewrite cycle will fire: warm-up 3000 ≥ 87 steps; set rewrite.warmup: 0.4 and rewrite.every: 0.3 (shares of the run), or rewrite: off");
    assertThat(lines(900, "rewrite=off")).contains("rewriting: off");
  }

  @Test
  void cyclesThatCannotActSaySo() {
    assertThat(lines(900, "num_train_epochs=1"))
        .contains(
            "  after cycle 1 (step 12): 516 sample visits left; of 384 samples with at least 1 visit, 0.0 % will be visited again",
            "  note: no rewrite can act in this run: no sample is both a candidate and visited again; train for more epochs, or rewrite: off");
    assertThat(lines(900, "num_train_epochs=1", "rewrite.min_visits=2"))
        .contains(
            "  after cycle 1 (step 12): it finds no candidate, as no sample has had 2 visits (rewrite.min_visits) by then");
  }

  @Test
  void manyCyclesAreCutShort() {
    List<String> lines = lines(900, "rewrite.warmup=1", "rewrite.every=1");
    assertThat(lines)
        .contains("  … and so on for 81 more")
        .anyMatch(l -> l.startsWith("rewriting: 86 cycles, after steps 1, 2, … 86;"));
    assertThat(lines(900, "rewrite.warmup=80", "rewrite.every=20"))
        .anyMatch(line -> line.startsWith("rewriting: 1 cycle, after step 80;"));
  }

  @Test
  void loweredShardsAreNoted() {
    assertThat(lines(900, "logical_shards=16"))
        .contains(
            "batches: 900 samples, batch 32 = 8 micro-batches × 4 rows on 8 logical shards",
            "  note: logical_shards 16 lowered to 8, the micro-batches of a full step");
  }

  @Test
  void packingIsToldBesideTheBatches() {
    assertThat(lines(900, "packing=true", "max_length=512"))
        .contains(
            "  packing: the samples of a logical shard share rows of up to 512 tokens, 4 rows a forward pass");
    assertThat(lines(900)).noneMatch(line -> line.contains("packing"));
  }

  @Test
  void fewerSamplesThanABatchAreNoted() {
    assertThat(lines(10))
        .contains(
            "  1 step per epoch (last batch 10 samples), 3 epochs = 3 steps",
            "  note: the data has fewer samples than a batch, so every step takes all of them");
  }

  @Test
  void maxStepsIsToldInEpochs() {
    assertThat(lines(896, "max_steps=42"))
        .contains(
            "  28 steps per epoch, max_steps: 42 steps = 1.50 epochs",
            "note: max_steps 42 (--set) wins over num_train_epochs 3 (recipe.yaml:7)");
  }

  @Test
  void schedulesAreToldInWords() {
    assertThat(lines(900, "lr_scheduler_type=linear", "warmup_steps=0"))
        .contains("learning rate: from 5.0E-5, then linear to 0 at step 87");
    assertThat(lines(900, "lr_scheduler_type=constant"))
        .contains("learning rate: up to 5.0E-5 over 9 steps, then constant");
    assertThat(lines(900, "warmup_steps=87"))
        .contains(
            "  note: the warm-up is as long as the run, so the peak is never reached; lower warmup_steps or warmup_ratio");
  }

  @Test
  void evaluationAndCheckpointsAreToldInWords() {
    String held = "eval_file=" + temp.resolve("held-out.jsonl");
    assertThat(lines(900, held, "save_total_limit=null", "save_steps=null"))
        .contains("evaluation: 50 held-out samples at the start, at the end")
        .contains("checkpoints: at the end; all are kept");
    assertThat(lines(900, held, "eval_steps=0.25", "metric_for_best=eval_mean_p", "save_steps=1"))
        .contains(
            "evaluation: 50 held-out samples at the start, every 22 steps, at the end and before every checkpoint; best by eval_mean_p",
            "checkpoints: after every step and at the end; 3 are kept");
  }
}
