package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CycleOutlookTest {
  @TempDir Path temp;
  private RecipeFolder folder;

  @BeforeEach
  void folder() {
    folder = RecipeFolder.in(temp);
  }

  private RunPlan plan(int samples, String... sets) {
    String small = "global_batch_size: 8\nmicro_batch_size: 4\nrewrite: {warmup: 5, every: 5}\n";
    return RunPlan.of(folder.recipe(small, sets), samples, 0);
  }

  @Test
  void withOneEpochNoRewriteCanAct() {
    RunPlan plan = plan(100, "rewrite.min_visits=1");
    CycleOutlook outlook = plan.outlooks().get(0);
    assertThat(outlook).isEqualTo(new CycleOutlook(1, 5, 60, 40, 0));
    assertThat(outlook.canAct()).isFalse();
  }

  @Test
  void aCycleBeforeAnySampleHasEnoughVisitsFindsNoCandidate() {
    CycleOutlook first = plan(100, "num_train_epochs=4").outlooks().get(0);
    assertThat(first.eligible()).isZero();
    assertThat(first.canAct()).isFalse();
    assertThat(first.visitsLeft()).isEqualTo(360);
  }

  @Test
  void withAWholeEpochLeftEveryCandidateIsVisitedAgain() {
    CycleOutlook outlook =
        plan(100, "num_train_epochs=3", "rewrite.min_visits=1", "rewrite.warmup=20")
            .outlooks()
            .get(0);
    assertThat(outlook.eligible()).isEqualTo(100);
    assertThat(outlook.visitedAgain()).isEqualTo(1);
  }

  @Test
  void theExpectationAgreesWithShuffledRunsPlayedThrough() {
    for (String sets : List.of("13,5,1", "20,3,1", "21,16,2", "33,20,2", "26,18,1", "39,29,3")) {
      String[] numbers = sets.split(",");
      compare(
          "max_steps=" + numbers[0],
          "rewrite.warmup=" + numbers[1],
          "rewrite.min_visits=" + numbers[2]);
    }
  }

  @Test
  void theExpectationAgreesWithARunInFileOrder() {
    for (String max : List.of("11", "13", "15", "18", "26")) {
      compare("max_steps=" + max, "rewrite.warmup=9", "rewrite.min_visits=1", "shuffle=false");
      compare("max_steps=" + max, "rewrite.warmup=10", "rewrite.min_visits=1", "shuffle=false");
    }
  }

  private void compare(String... sets) {
    RunPlan plan = plan(77, sets);
    CycleOutlook outlook = plan.outlooks().get(0);
    Random random = new Random(7);
    double eligible = 0;
    double again = 0;
    for (int trial = 0; trial < 2000; trial++) {
      int[] counts = play(plan, outlook.committedSteps(), random);
      eligible += counts[0];
      again += counts[1];
    }
    assertThat(eligible / 2000).as("eligible %s", outlook).isEqualTo((double) outlook.eligible());
    if (eligible > 0) {
      assertThat(again / eligible)
          .as("visited again %s", outlook)
          .isCloseTo(outlook.visitedAgain(), within(0.01));
    }
  }

  /** Candidates after {@code t} steps, and how many of them are visited again. */
  private static int[] play(RunPlan plan, long t, Random random) {
    int[] before = new int[plan.samples()];
    int[] after = new int[plan.samples()];
    List<Integer> order = new ArrayList<>();
    for (long step = 0; step < plan.totalSteps(); step++) {
      StepBatch batch = plan.batch(step);
      if (batch.fromPosition() == 0) {
        order = new ArrayList<>();
        for (int i = 0; i < plan.samples(); i++) {
          order.add(i);
        }
        if (plan.recipe().shuffle()) {
          Collections.shuffle(order, random);
        }
      }
      for (int p = batch.fromPosition(); p < batch.toPosition(); p++) {
        (step < t ? before : after)[order.get(p)]++;
      }
    }
    int minVisits = plan.recipe().rewrite().orElseThrow().minVisits();
    int[] counts = new int[2];
    for (int i = 0; i < plan.samples(); i++) {
      if (before[i] >= minVisits) {
        counts[0]++;
        counts[1] += after[i] > 0 ? 1 : 0;
      }
    }
    return counts;
  }
}
