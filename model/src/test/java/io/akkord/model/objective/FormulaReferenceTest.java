package io.akkord.model.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import org.junit.jupiter.api.Test;

/** Scores to weights, against the reference formulas. */
class FormulaReferenceTest {

  @Test
  void everyCaseOfScoresGivesTheReferencesStatisticsAndWeights() {
    JsonNode cases = Reference.json("formulas/reference.json").get("weights");
    assertThat(cases.size()).isPositive();
    for (JsonNode c : cases) {
      double[] costs = Reference.doubles(c.get("c"));
      Moments moments = Moments.of(costs);
      Objective objective =
          new Objective(
              LossType.DFT,
              SampleWeight.CADFT,
              c.get("beta").asDouble(),
              1e-6,
              LossReduction.SAMPLE_MEAN,
              StatsScope.GLOBAL_BATCH);
      assertThat(moments.mean()).isCloseTo(c.get("mu").asDouble(), within(1e-12));
      assertThat(moments.std()).isCloseTo(c.get("sigma_population").asDouble(), within(1e-12));
      for (int i = 0; i < costs.length; i++) {
        double z = moments.z(costs[i], objective.epsilon());
        assertThat(z).isCloseTo(c.get("z").get(i).asDouble(), within(1e-8));
        assertThat(objective.weight(z)).isCloseTo(c.get("w").get(i).asDouble(), within(1e-8));
      }
    }
  }

  @Test
  void aBatchOfOneOrOfEqualCostsWeighsOne() {
    Objective objective = Objective.cadft();
    assertThat(objective.weight(Moments.of(new double[] {7}).z(7, 1e-6))).isEqualTo(1);
    assertThat(objective.weight(Moments.of(new double[] {2, 2, 2}).z(2, 1e-6))).isEqualTo(1);
  }

  @Test
  void withTwoSamplesTheWorseOneAlwaysWeighsTheSameWhateverTheGap() {
    for (double gap : new double[] {0.5, 3, 40}) {
      Moments moments = Moments.of(new double[] {1, 1 + gap});
      assertThat(Objective.cadft().weight(moments.z(1 + gap, 0)))
          .isCloseTo(Math.exp(-1), within(1e-12));
    }
  }

  @Test
  void tokenMeanWeighsASampleByItsTokens() {
    Objective tokenMean =
        new Objective(
            LossType.DFT,
            SampleWeight.CADFT,
            1,
            1e-6,
            LossReduction.TOKEN_MEAN,
            StatsScope.GLOBAL_BATCH);
    assertThat(tokenMean.gradientFactor(0.5, 10, 4, 100)).isEqualTo(0.05);
    assertThat(Objective.cadft().gradientFactor(0.5, 10, 4, 100)).isEqualTo(0.125);
  }
}
