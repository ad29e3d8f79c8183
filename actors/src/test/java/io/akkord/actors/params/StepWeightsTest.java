package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.objective.LossReduction;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Moments;
import io.akkord.model.objective.Objective;
import io.akkord.model.objective.SampleWeight;
import io.akkord.model.objective.StatsScope;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class StepWeightsTest {
  private static final double EXACT = 1e-12;

  private static Objective objective(double beta, StatsScope scope) {
    return new Objective(
        LossType.DFT, SampleWeight.CADFT, beta, 1e-6, LossReduction.SAMPLE_MEAN, scope);
  }

  /** The same numbers, the first of them in shard 0, the others in shard 1. */
  private static List<ShardScore> cut(double[] costs) {
    return List.of(
        SomeScores.shard(0, costs[0]),
        SomeScores.shard(1, Arrays.copyOfRange(costs, 1, costs.length)));
  }

  @Test
  void weightsAreThoseOfTheReferenceHoweverTheBatchIsCut() {
    JsonNode cases = Reference.json("formulas/reference.json").get("weights");
    assertThat(cases).isNotEmpty();
    for (JsonNode one : cases) {
      double[] costs = Reference.doubles(one.get("c"));
      Objective objective = objective(one.get("beta").asDouble(), StatsScope.GLOBAL_BATCH);
      List<ShardScore> scores = cut(costs);
      Moments moments = StepWeights.moments(objective, scores, new Moments(99, 99, 99));
      assertThat(moments.mean()).isCloseTo(one.get("mu").asDouble(), within(EXACT));
      assertThat(moments.std()).isCloseTo(one.get("sigma_population").asDouble(), within(EXACT));
      double[] expected = Reference.doubles(one.get("w"));
      double[] first = StepWeights.of(objective, scores.get(0), moments);
      double[] rest = StepWeights.of(objective, scores.get(1), moments);
      assertThat(first).containsExactly(new double[] {expected[0]}, within(EXACT));
      assertThat(rest)
          .containsExactly(Arrays.copyOfRange(expected, 1, expected.length), within(EXACT));
    }
  }

  @Test
  void costsAreInTheOrderOfTheShards() {
    assertThat(StepWeights.costs(List.of(SomeScores.shard(0, 3, 1), SomeScores.shard(1, 2))))
        .containsExactly(3, 1, 2);
  }

  @Test
  void microBatchStatisticsCompareOnlyWithinAMicroBatch() {
    ShardScore score = SomeScores.shard(0, new int[] {2, 2}, 1, 3, 100, 300);
    Objective objective = objective(1, StatsScope.MICRO_BATCH);
    double[] weights = StepWeights.of(objective, score, new Moments(0, 1, 4));
    // Each half has z = ±1, up to ε: 1/(1 + 1e-6) and 100/(100 + 1e-6).
    assertThat(weights)
        .containsExactly(
            new double[] {1, Math.exp(-1 / (1 + 1e-6)), 1, Math.exp(-100 / (100 + 1e-6))},
            within(EXACT));
  }

  @Test
  void statisticsOfTheStepBeforeAreUsedFromTheSecondStepOn() {
    Objective objective = objective(1, StatsScope.PREVIOUS_STEP);
    List<ShardScore> scores = List.of(SomeScores.shard(0, 2, 4));
    assertThat(StepWeights.moments(objective, scores, null)).isEqualTo(new Moments(3, 1, 2));
    Moments before = new Moments(1, 2, 2);
    assertThat(StepWeights.moments(objective, scores, before)).isEqualTo(before);
    assertThat(StepWeights.of(objective, scores.get(0), before))
        .containsExactly(
            new double[] {Math.exp(-1 / (2 + 1e-6)), Math.exp(-3 / (2 + 1e-6))}, within(EXACT));
  }

  @Test
  void theReportSaysWhatTheStepWasLike() {
    Objective objective = objective(2, StatsScope.GLOBAL_BATCH);
    List<ShardScore> scores = List.of(SomeScores.shard(0, 1, 1), SomeScores.shard(1, 1, 5));
    Moments moments = StepWeights.moments(objective, scores, null);
    // μ = 2, σ = √3; only the last sample is above the mean, z = √3, w = exp(−2√3).
    double w = Math.exp(-2 * 3 / (Math.sqrt(3) + 1e-6));
    StepReport report = StepWeights.report(objective, 9, 1, scores, moments);
    assertThat(report.step()).isEqualTo(9);
    assertThat(report.epoch()).isEqualTo(1);
    assertThat(report.mu()).isEqualTo(2);
    assertThat(report.sigma()).isCloseTo(Math.sqrt(3), within(EXACT));
    assertThat(report.loss()).isCloseTo((0.5 + 0.5 + 0.5 + 2.5 * w) / 4, within(EXACT));
    assertThat(report.nll()).isCloseTo(2, within(EXACT));
    assertThat(report.meanP()).isCloseTo(0.25, within(EXACT));
    assertThat(report.entropy()).isCloseTo(0.5, within(EXACT));
    assertThat(report.meanW()).isCloseTo((3 + w) / 4, within(EXACT));
    assertThat(report.ess()).isCloseTo((3 + w) * (3 + w) / (4 * (3 + w * w)), within(EXACT));
    assertThat(report.shareBelowHalf()).isEqualTo(0.25);
    assertThat(report.tokens()).isEqualTo(12);
    assertThat(report.samples()).isEqualTo(4);
  }

  @Test
  void thePlainLossIsReportedAsTheObjectiveReducesIt() {
    Objective tokenMean =
        new Objective(
            LossType.NLL,
            SampleWeight.NONE,
            1,
            1e-6,
            LossReduction.TOKEN_MEAN,
            StatsScope.GLOBAL_BATCH);
    ShardScore score =
        new ShardScore(
            0,
            new int[] {0, 1},
            new double[] {1, 4},
            new double[] {0, 0},
            new double[] {0.5, 0.1},
            new int[] {1, 3},
            new int[] {2},
            0,
            0);
    StepReport report =
        StepWeights.report(tokenMean, 0, 0, List.of(score), new Moments(2.5, 1.5, 2));
    assertThat(report.loss()).isCloseTo((1 + 3 * 4) / 4.0, within(EXACT));
    assertThat(report.nll()).isEqualTo(report.loss());
    assertThat(report.meanP()).isCloseTo((0.5 + 3 * 0.1) / 4, within(EXACT));
    assertThat(report.entropy()).as("none was sampled").isEqualTo(0);
    assertThat(report.ess()).isEqualTo(1);
  }
}
