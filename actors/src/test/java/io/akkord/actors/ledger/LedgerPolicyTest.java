package io.akkord.actors.ledger;

import static io.akkord.actors.ledger.LedgerFixture.SETUP;
import static io.akkord.actors.ledger.LedgerFixture.setup;
import static io.akkord.actors.ledger.LedgerFixture.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteTask;
import io.akkord.proto.LedgerEvent.CycleOpened;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LedgerPolicyTest {
  private final LedgerState state = new LedgerState(SETUP.rules());

  @Test
  void candidatesAreTheWorstWithTiesByIndex() {
    visitTwice(new int[] {8, 2, 5, 1}, 4f, 4f, 6f, 4f);
    assertThat(LedgerPolicy.candidates(state, SETUP)).containsExactly(5, 1, 2);
  }

  @Test
  void aSampleNoWorseThanItsBatchIsNoCandidate() {
    visitTwice(new int[] {0, 1, 2}, 2f, 1f, 2.1f);
    assertThat(LedgerPolicy.candidates(state, SETUP)).containsExactly(2);
  }

  @Test
  void withRawCostsTheSignDoesNotMatter() {
    LedgerSetup costs = setup(ScoreKind.C, 0.2, 1, Optional.empty());
    LedgerState own = new LedgerState(costs.rules());
    own.apply(step(0, new int[] {0, 1, 2}, 2f, 0f, 1f));
    own.apply(step(1, new int[] {0, 1, 2}, 2f, 0f, 1f));
    assertThat(LedgerPolicy.candidates(own, costs)).containsExactly(0, 2);
  }

  @Test
  void aSampleVisitedTooSeldomIsNoCandidate() {
    visitTwice(new int[] {1}, 3f);
    state.apply(step(2, new int[] {2}, 9f));
    assertThat(LedgerPolicy.candidates(state, SETUP)).containsExactly(1);
  }

  @Test
  void theShareIsRoundedUpInDecimal() {
    LedgerSetup sevenOfHundred =
        new LedgerSetup(
            "r", 1, 100, 0.9, ScoreKind.C, 1e-6, 1, 0.07, 1, 1, 8, Optional.empty(), false);
    LedgerState own = new LedgerState(sevenOfHundred.rules());
    int[] all = IntStream.range(0, 100).toArray();
    float[] costs = new float[100];
    own.apply(step(0, all, costs));
    assertThat(LedgerPolicy.candidates(own, sevenOfHundred)).containsExactly(0, 1, 2, 3, 4, 5, 6);
  }

  @Test
  void theCoinIsAPureFunctionWithTheRightShare() {
    int heads = 0;
    int other = 0;
    for (int sample = 0; sample < 20_000; sample++) {
      boolean coin = LedgerPolicy.coin(42, 3, sample, 0.3);
      assertThat(LedgerPolicy.coin(42, 3, sample, 0.3)).isEqualTo(coin);
      heads += coin ? 1 : 0;
      other += coin != LedgerPolicy.coin(42, 4, sample, 0.3) ? 1 : 0;
    }
    assertThat(heads / 20_000.0).isCloseTo(0.3, within(0.015));
    assertThat(other / 20_000.0).as("another cycle").isCloseTo(2 * 0.3 * 0.7, within(0.015));
    assertThat(LedgerPolicy.coin(1, 1, 1, 0)).isFalse();
    assertThat(LedgerPolicy.coin(1, 1, 1, 1)).isTrue();
  }

  @Test
  void groupsFollowTheOrderOfTheCandidatesAndOnlyTheLastIsShort() {
    visitTwice(new int[] {8, 2, 5, 1}, 4f, 4f, 6f, 4f);
    CycleOpened plan = LedgerPolicy.plan(state, SETUP, 1);
    assertThat(LedgerDecisions.groups(plan))
        .containsExactly(
            new RewriteGroup(1, 0, List.of(new RewriteTask(5, 1), new RewriteTask(1, 1))),
            new RewriteGroup(1, 1, List.of(new RewriteTask(2, 1))));
    assertThat(plan.getCandidates()).isEqualTo(3);
    assertThat(plan.getReason())
        .isEqualTo("3 of 3 candidates, chosen with probability 1.0 (at most 3 of 10 samples)");
  }

  @Test
  void anEmptyPlanSaysWhy() {
    CycleOpened plan = LedgerPolicy.plan(state, SETUP, 1);
    assertThat(plan.getSamplesCount()).isZero();
    assertThat(plan.getReason())
        .isEqualTo(
            "no candidate: no sample has 2 visits since its revision and a moving average above 0");
  }

  private void visitTwice(int[] samples, float... costs) {
    state.apply(step(0, samples, costs));
    state.apply(step(1, samples, costs));
  }
}
