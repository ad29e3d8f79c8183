package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.params.StepBarrier.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;

class StepBarrierTest {
  private static final long STEP = 7;
  private static final long FIRST = 1;

  private final StepBarrier barrier = new StepBarrier(STEP, 3, 2, FIRST);

  @Test
  void scoresOfAllShardsOpenTheBarrierInShardOrder() {
    assertThat(score(2, 3.0)).isInstanceOf(Outcome.Waiting.class);
    assertThat(score(0, 1.0)).isInstanceOf(Outcome.Waiting.class);
    Outcome.Scored all = (Outcome.Scored) score(1, 2.0);
    assertThat(all.scores()).extracting(ShardScore::shard).containsExactly(0, 1, 2);
  }

  @Test
  void scoresOfAnotherStepAreIgnored() {
    Outcome early = barrier.score(STEP + 1, FIRST, shard(0, 1.0));
    Outcome late = barrier.score(STEP - 1, FIRST, shard(0, 1.0));
    assertThat(early).isInstanceOf(Outcome.Ignored.class);
    assertThat(late).isInstanceOf(Outcome.Ignored.class);
    assertThat(barrier.unscored()).containsExactly(0, 1, 2);
  }

  @Test
  void scoresThatComeTwiceAreIgnoredAndTheFirstStay() {
    score(0, 1.0);
    assertThat(score(0, 9.0)).isInstanceOf(Outcome.Ignored.class);
    score(1, 1.0);
    Outcome.Scored all = (Outcome.Scored) score(2, 1.0);
    assertThat(all.scores().get(0).costs()).containsExactly(1.0);
  }

  @Test
  void scoresOfAWorkerThatWasGivenUpAreIgnored() {
    barrier.reassign(2, List.of(1));
    assertThat(barrier.score(STEP, FIRST, shard(1, 1.0))).isInstanceOf(Outcome.Ignored.class);
    assertThat(barrier.score(STEP, 2, shard(1, 1.0))).isInstanceOf(Outcome.Waiting.class);
    assertThat(barrier.score(STEP, FIRST, shard(0, 1.0))).isInstanceOf(Outcome.Waiting.class);
  }

  @Test
  void scoresThatAreInStayWhenTheirShardMoves() {
    scoreAll();
    barrier.reassign(2, List.of(0));
    assertThat(barrier.scored()).isTrue();
    assertThat(barrier.score(STEP, 2, shard(0, 1.0))).isInstanceOf(Outcome.Ignored.class);
  }

  @Test
  void sumsUnderAnOlderAssignmentAreIgnored() {
    scoreAll();
    barrier.summed(STEP, FIRST, 0, new double[] {1});
    barrier.reassign(2, List.of(0));
    assertThat(barrier.unsummed()).containsExactly(0, 1);
    Outcome stale = barrier.summed(STEP, FIRST, 1, new double[] {1});
    assertThat(stale).isInstanceOf(Outcome.Ignored.class);
    barrier.summed(STEP, 2, 0, new double[] {9});
    Outcome last = barrier.summed(STEP, 2, 1, new double[] {16});
    assertThat(last).isEqualTo(new Outcome.Summed(5));
  }

  @Test
  void aSumThatComesTwiceCountsOnce() {
    scoreAll();
    barrier.summed(STEP, FIRST, 0, new double[] {9});
    assertThat(barrier.summed(STEP, FIRST, 0, new double[] {100}))
        .isInstanceOf(Outcome.Ignored.class);
    assertThat(barrier.summed(STEP, FIRST, 1, new double[] {16})).isEqualTo(new Outcome.Summed(5));
  }

  @Test
  void theNormDoesNotDependOnWhereSlicesAreCut() {
    double[] blocks = {1e16, 1, -0.0, 3e-7, 1, 1e-9, 7, 1e15};
    StepBarrier one = scored(new StepBarrier(STEP, 1, 1, FIRST));
    StepBarrier two = scored(new StepBarrier(STEP, 1, 2, FIRST));
    Outcome whole = one.summed(STEP, FIRST, 0, blocks);
    two.summed(STEP, FIRST, 1, java.util.Arrays.copyOfRange(blocks, 3, 8));
    Outcome cut = two.summed(STEP, FIRST, 0, java.util.Arrays.copyOfRange(blocks, 0, 3));
    assertThat(cut).isEqualTo(whole);
  }

  @Test
  void aScoreThatIsNoNumberIsComputedOnceMoreAndThenSkipped() {
    score(0, 1.0);
    score(1, Double.NaN);
    assertThat(score(2, 1.0)).isInstanceOf(Outcome.Recompute.class);
    barrier.recompute(2);
    assertThat(barrier.unscored()).containsExactly(0, 1, 2);
    assertThat(score(0, 1.0)).as("under the old assignment").isInstanceOf(Outcome.Ignored.class);
    barrier.score(STEP, 2, shard(0, 1.0));
    barrier.score(STEP, 2, shard(1, Double.NaN));
    Outcome.Skip skip = (Outcome.Skip) barrier.score(STEP, 2, shard(2, 1.0));
    assertThat(skip.reason()).contains("shard 1", "step 7", "twice");
  }

  @Test
  void aGradientThatIsNoNumberIsComputedOnceMoreAndMayThenBeGood() {
    scoreAll();
    barrier.summed(STEP, FIRST, 0, new double[] {1});
    assertThat(barrier.summed(STEP, FIRST, 1, new double[] {Double.POSITIVE_INFINITY}))
        .isInstanceOf(Outcome.Recompute.class);
    barrier.recompute(2);
    for (int shard = 0; shard < 3; shard++) {
      barrier.score(STEP, 2, shard(shard, 1.0));
    }
    barrier.summed(STEP, 2, 0, new double[] {9});
    assertThat(barrier.summed(STEP, 2, 1, new double[] {16})).isEqualTo(new Outcome.Summed(5));
  }

  private Outcome score(int shard, double cost) {
    return barrier.score(STEP, FIRST, shard(shard, cost));
  }

  private void scoreAll() {
    for (int shard = 0; shard < 3; shard++) {
      score(shard, 1.0);
    }
  }

  private static StepBarrier scored(StepBarrier barrier) {
    barrier.score(STEP, FIRST, shard(0, 1.0));
    return barrier;
  }

  private static ShardScore shard(int shard, double cost) {
    return new ShardScore(
        shard,
        new int[] {shard},
        new double[] {cost},
        new double[] {0.1},
        new double[] {0.5},
        new int[] {3},
        new int[] {1},
        0,
        0);
  }
}
