package io.akkord.actors.ledger;

import static io.akkord.actors.ledger.LedgerFixture.SETUP;
import static io.akkord.actors.ledger.LedgerFixture.closed;
import static io.akkord.actors.ledger.LedgerFixture.opened;
import static io.akkord.actors.ledger.LedgerFixture.rewrite;
import static io.akkord.actors.ledger.LedgerFixture.skippedStep;
import static io.akkord.actors.ledger.LedgerFixture.step;
import static io.akkord.actors.ledger.LedgerFixture.stored;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerImage;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LedgerStateTest {
  private final LedgerState state = new LedgerState(SETUP.rules());

  @Test
  void theFirstAverageIsTheFirstScore() {
    state.apply(step(0, new int[] {3}, 5f));
    assertThat(state.average(3)).isEqualTo(3 / (1 + 1e-6));
    assertThat(state.visits(3)).isEqualTo(1);
    assertThat(state.lastCost(3)).isEqualTo(5f);
  }

  @Test
  void theAverageHasItsClosedForm() {
    float[] costs = {5f, 1f, 2.5f, 4f, 0f};
    double expected = 0;
    for (int i = 0; i < costs.length; i++) {
      state.apply(step(i, new int[] {7}, costs[i]));
      // d^(n-1)·z1 + (1-d)·Σ d^(n-k)·zk
      expected += Math.pow(0.9, costs.length - 1.0 - i) * (i == 0 ? 1 : 0.1) * (costs[i] - 2);
    }
    assertThat(state.average(7)).isCloseTo(expected, within(1e-5));
    assertThat(state.visits(7)).isEqualTo(5);
  }

  @Test
  void equalCostsScoreZero() {
    state.apply(
        step(0, new int[] {1}, 2f).toBuilder()
            .setStepCommitted(step(0, new int[] {1}, 2.5f).getStepCommitted().toBuilder().setStd(0))
            .build());
    assertThat(state.average(1)).isZero();
  }

  @Test
  void theCostItselfIsAveragedWhereTheRecipeSaysSo() {
    LedgerState costs =
        new LedgerState(LedgerFixture.setup(ScoreKind.C, 0.3, 1, Optional.empty()).rules());
    costs.apply(step(0, new int[] {1}, 5f));
    assertThat(costs.average(1)).isEqualTo(5);
  }

  @Test
  void aSkippedStepAdvancesThePositionAndMovesNoAverage() {
    state.apply(step(0, new int[] {3}, 5f));
    state.apply(skippedStep(1, new int[] {3}, Float.NaN));
    assertThat(state.committedSteps()).isEqualTo(2);
    assertThat(state.average(3)).isEqualTo(3 / (1 + 1e-6));
    assertThat(state.visits(3)).isEqualTo(1);
    assertThat(state.lastCost(3)).isNaN();
  }

  @Test
  void anAcceptedRewriteRestartsTheAverageAndARejectedOneDoesNot() {
    twoVisits(4, 5);
    openCycleOver(4, 5);
    state.apply(stored(0, 0, rewrite(4, 1, true), rewrite(5, 1, false)));
    assertThat(state.revision(4)).as("before the cycle is closed").isZero();
    assertThat(state.rewritten()).isEmpty();
    state.apply(closed(0));

    assertThat(state.revision(4)).isEqualTo(1);
    assertThat(state.visits(4)).isZero();
    assertThat(state.average(4)).isZero();
    assertThat(state.revision(5)).isZero();
    assertThat(state.visits(5)).isEqualTo(2);
    assertThat(state.rewritten()).hasSize(1);
    assertThat(state.rewritten().get(0).sample()).isEqualTo(4);
    assertThat(state.rewritten().get(0).completionIds()).containsExactly(104, 2);

    state.apply(step(2, new int[] {4}, 3f));
    assertThat(state.average(4)).as("the first score again").isEqualTo(1 / (1 + 1e-6));
  }

  @Test
  void theStampIsTheOneAnnouncedAndDependsOnTheContent() {
    String empty = state.tableStamp().hash();
    openCycleOver(4, 5);
    var group = stored(0, 0, rewrite(4, 1, true), rewrite(5, 1, true));
    state.apply(group);
    Ledger.TableStamp announced =
        state.stampAfter(state.openCycle().orElseThrow().groups().values());
    state.apply(closed(0));
    assertThat(state.tableStamp()).isEqualTo(announced);
    assertThat(state.tableStamp().version()).isEqualTo(1);
    assertThat(state.tableStamp().hash()).isNotEqualTo(empty);
    // sha256 of nothing, and of (4, 1, 2, 104, 2, 5, 1, 2, 105, 2) as little-endian int32
    assertThat(empty).isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assertThat(announced.hash())
        .isEqualTo("9196498d32b2d7b3bedad2efb7769d0d408852e492a5f40219f6003e05d120b8");
  }

  @Test
  void anImageHoldsEverythingAndSharesNothing() {
    twoVisits(4, 5);
    openCycleOver(4, 5);
    state.apply(stored(0, 0, rewrite(4, 1, true), rewrite(5, 1, false)));
    state.apply(closed(0));
    openCycle(1, 6, 7);
    state.apply(stored(1, 0, rewrite(6, 1, true), rewrite(7, 1, true)));
    LedgerImage image = state.image("first", 1, 9);
    LedgerState copy = LedgerState.of(image);
    assertThat(copy.image("first", 1, 9)).isEqualTo(image);

    state.apply(closed(1));
    state.apply(step(2, new int[] {1}, 9f));
    assertThat(copy.image("first", 1, 9)).isEqualTo(image);
    assertThat(copy.committedSteps()).isEqualTo(2);
    assertThat(copy.openCycle()).isPresent();
    assertThat(copy.pastCycles()).hasSize(1);
  }

  @Test
  void aJournalWithAHoleIsRefused() {
    assertThatThrownBy(() -> state.apply(step(1, new int[] {3}, 5f)))
        .hasMessage("journal holds step 1 where step 0 belongs");
  }

  private void twoVisits(int... samples) {
    for (int i = 0; i < 2; i++) {
      state.apply(step(i, samples, 5f, 4f));
    }
  }

  private void openCycleOver(int... samples) {
    openCycle(0, samples);
  }

  private void openCycle(int cycle, int... samples) {
    CycleOpened.Builder plan = CycleOpened.newBuilder().setCycle(cycle).setGroupSize(2);
    for (int sample : samples) {
      plan.addSamples(sample).addRevisions(state.revision(sample) + 1);
    }
    state.apply(opened(plan.build()));
  }
}
