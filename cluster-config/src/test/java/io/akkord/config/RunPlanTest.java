package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.optim.LrSchedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunPlanTest {
  private static final String SMALL =
      """
      global_batch_size: 32
      micro_batch_size: 4
      logical_shards: 4
      num_train_epochs: 3
      rewrite: {warmup: 0.4, every: 0.3}
      """;

  @TempDir Path temp;
  private RecipeFolder folder;

  @BeforeEach
  void folder() {
    folder = RecipeFolder.in(temp);
  }

  private RunPlan plan(int samples, String more, String... sets) {
    return RunPlan.of(folder.recipe(more, sets), samples, 0);
  }

  @Test
  void theLastBatchOfAnEpochIsUsedAsItIsAndNoneCrossesTheBorder() {
    RunPlan plan = plan(900, SMALL);
    assertThat(plan.stepsPerEpoch()).isEqualTo(29);
    assertThat(plan.totalSteps()).isEqualTo(87);
    assertThat(plan.batch(0)).isEqualTo(new StepBatch(0, 0, 0, 32));
    assertThat(plan.batch(28)).isEqualTo(new StepBatch(28, 0, 896, 900));
    assertThat(plan.batch(29)).isEqualTo(new StepBatch(29, 1, 0, 32));
    assertThat(plan.batch(86).size()).isEqualTo(4);
  }

  @Test
  void everyPositionOfEveryEpochIsVisitedOnceWhateverTheSizes() {
    Random random = new Random(1);
    for (int trial = 0; trial < 200; trial++) {
      int batch = 1 + random.nextInt(20);
      int micro = 1 + random.nextInt(batch);
      int samples = 1 + random.nextInt(60);
      int shards = 1 + random.nextInt(9);
      RunPlan plan =
          plan(
              samples,
              "num_train_epochs: 2\nglobal_batch_size: %d\nmicro_batch_size: %d\nlogical_shards: %d\n"
                  .formatted(batch, micro, shards));
      List<Long> visited = new ArrayList<>();
      List<Long> expected = new ArrayList<>();
      for (long step = 0; step < plan.totalSteps(); step++) {
        assertThat(plan.visitsBefore(step)).isEqualTo(visited.size());
        visitByShards(plan, step, visited);
      }
      for (long v = 0; v < 2L * samples; v++) {
        expected.add(v);
      }
      assertThat(visited).isEqualTo(expected);
      assertThat(plan.visitsLeft(0)).isEqualTo(2L * samples);
      assertThat(plan.visitsLeft(plan.totalSteps())).isZero();
    }
  }

  private static void visitByShards(RunPlan plan, long step, List<Long> visited) {
    for (int shard = 0; shard < plan.logicalShards(); shard++) {
      Range microBatches = plan.shard(step, shard);
      for (int m = microBatches.from(); m < microBatches.to(); m++) {
        Range rows = plan.microBatch(step, m);
        assertThat(rows.size()).isBetween(1, plan.recipe().microBatchSize());
        for (int position = rows.from(); position < rows.to(); position++) {
          visited.add(plan.batch(step).epoch() * plan.samples() + position);
        }
      }
    }
  }

  @Test
  void thereAreNoMoreLogicalShardsThanMicroBatchesInAFullStep() {
    assertThat(plan(900, SMALL, "logical_shards=100").logicalShards()).isEqualTo(8);
    assertThat(plan(900, SMALL, "micro_batch_size=5").microBatches(0)).isEqualTo(7);
    assertThat(plan(900, SMALL, "micro_batch_size=32").logicalShards()).isEqualTo(1);
  }

  @Test
  void surplusShardsOfAShortLastBatchAreEmptyAndTheirNumberStays() {
    RunPlan plan = plan(900, SMALL);
    assertThat(plan.microBatches(28)).isEqualTo(1);
    assertThat(plan.logicalShards()).isEqualTo(4);
    assertThat(List.of(plan.shard(28, 0), plan.shard(28, 1), plan.shard(28, 2)))
        .allMatch(Range::isEmpty);
    assertThat(plan.shard(28, 3)).isEqualTo(new Range(0, 1));
  }

  @Test
  void maxStepsWinsOverAsManyEpochsAsItTakes() {
    RunPlan plan = plan(900, SMALL, "max_steps=30");
    assertThat(plan.totalSteps()).isEqualTo(30);
    assertThat(plan.batch(29)).isEqualTo(new StepBatch(29, 1, 0, 32));
    assertThat(plan(10, SMALL, "max_steps=5").batch(4)).isEqualTo(new StepBatch(4, 4, 0, 10));
  }

  @Test
  void theWarmupOfTheLearningRateIsRoundedUp() {
    assertThat(plan(900, SMALL).lrWarmupSteps()).isEqualTo(9);
    assertThat(plan(900, SMALL, "warmup_ratio=0").lrWarmupSteps()).isZero();
    assertThat(plan(900, SMALL, "warmup_steps=5").lrWarmupSteps()).isEqualTo(5);
    assertThat(plan(900, SMALL).lrSchedule())
        .isEqualTo(new LrSchedule(LrSchedule.Kind.COSINE, 5e-5, 9, 87));
  }

  @Test
  void cyclesRunFromTheWarmupOnEveryPeriodAndNoneAfterTheLastStep() {
    assertThat(plan(900, SMALL).cycleSteps()).containsExactly(35L, 61L);
    assertThat(plan(900, SMALL, "rewrite.warmup=80", "rewrite.every=1").cycleSteps())
        .containsExactly(80L, 81L, 82L, 83L, 84L, 85L, 86L);
    assertThat(plan(900, SMALL, "rewrite.warmup=87").cycleSteps()).isEmpty();
    assertThat(plan(900, SMALL, "rewrite.warmup=29", "rewrite.every=29").cycleSteps())
        .containsExactly(29L, 58L);
    assertThat(plan(900, SMALL, "rewrite=off").cycleSteps()).isEmpty();
  }

  @Test
  void thePapersOwnRecipeFiresNoCycle() {
    RunPlan plan = plan(100_000, "");
    assertThat(plan.totalSteps()).isEqualTo(391);
    assertThat(plan.cycleSteps()).isEmpty();
  }

  @Test
  void theCycleOfABoundaryAgreesWithTheListOfCycles() {
    RunPlan plan = plan(900, SMALL, "rewrite.warmup=5", "rewrite.every=7");
    List<Long> fired = new ArrayList<>();
    for (long t = 0; t <= plan.totalSteps(); t++) {
      OptionalInt cycle = plan.after(t).cycle();
      if (cycle.isPresent()) {
        fired.add(t);
        assertThat(cycle.getAsInt()).isEqualTo(fired.size());
      }
    }
    assertThat(fired).isEqualTo(plan.cycleSteps()).hasSize(12);
  }

  @Test
  void betweenBoundariesNobodyWaits() {
    Boundary boundary = plan(900, SMALL).after(34);
    assertThat(boundary).isEqualTo(new Boundary(OptionalInt.empty(), false, false, false));
    assertThat(boundary.mustWait()).isFalse();
    assertThat(plan(900, SMALL).after(35).mustWait()).isTrue();
  }

  @Test
  void evaluationIsDueAtTheStartTheEndAndEveryPeriod() {
    Recipe recipe = folder.recipe(SMALL + "eval_file: held-out.jsonl\neval_steps: 0.25\n");
    RunPlan plan = RunPlan.of(recipe, 900, 50);
    assertThat(steps(plan, true)).containsExactly(0L, 22L, 44L, 66L, 87L);
    RunPlan ends = RunPlan.of(folder.recipe(SMALL + "eval_file: held-out.jsonl\n"), 900, 50);
    assertThat(steps(ends, true)).containsExactly(0L, 87L);
  }

  @Test
  void withoutHeldOutSamplesNothingIsEvaluated() {
    assertThat(steps(plan(900, SMALL), true)).isEmpty();
  }

  @Test
  void checkpointsAreDueEveryPeriodAndAtTheEndButNotAtTheStart() {
    assertThat(steps(plan(900, SMALL, "save_steps=40"), false)).containsExactly(40L, 80L, 87L);
    assertThat(steps(plan(900, SMALL, "save_steps=0.5"), false)).containsExactly(44L, 87L);
    assertThat(steps(plan(900, SMALL, "save_steps=null"), false)).containsExactly(87L);
  }

  @Test
  void everyCheckpointIsMeasuredWhereTheBestOneIsLookedFor() {
    Recipe recipe =
        folder.recipe(
            SMALL + "eval_file: held-out.jsonl\nsave_steps: 40\nmetric_for_best: eval_nll\n");
    assertThat(steps(RunPlan.of(recipe, 900, 50), true)).containsExactly(0L, 40L, 80L, 87L);
  }

  private static List<Long> steps(RunPlan plan, boolean evaluations) {
    List<Long> steps = new ArrayList<>();
    for (long t = 0; t <= plan.totalSteps(); t++) {
      if (evaluations ? plan.after(t).eval() : plan.after(t).checkpoint()) {
        steps.add(t);
      }
    }
    return steps;
  }

  @Test
  void theEndIsTheLastBoundaryAndNothingIsBeyondIt() {
    RunPlan plan = plan(900, SMALL);
    assertThat(plan.after(87).end()).isTrue();
    assertThat(plan.after(86).end()).isFalse();
    assertThatThrownBy(() -> plan.after(88)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> plan.batch(87)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> plan.shard(0, 4)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> plan.microBatch(0, 8)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RunPlan.of(folder.recipe(SMALL), 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
