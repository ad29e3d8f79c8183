package io.akkord.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

class MicroBatchTest {
  private static TokenizedSample sample(int index, int[] prompt, int... completion) {
    return new TokenizedSample(index, prompt, completion);
  }

  @Test
  void rowsArePaddedOnTheRightAndEveryTargetIsPredictedByThePositionBeforeIt() {
    MicroBatch batch =
        MicroBatch.of(
            List.of(
                sample(40, new int[] {10, 11}, 12, 13, 2),
                sample(7, new int[] {20}, 2),
                sample(9, new int[] {30, 31, 32}, 33)),
            99);
    assertThat(batch.rows()).isEqualTo(3);
    assertThat(batch.columns()).isEqualTo(5);
    assertThat(batch.ids())
        .containsExactly(10, 11, 12, 13, 2, 20, 2, 99, 99, 99, 30, 31, 32, 33, 99);
    assertThat(batch.targets()).isEqualTo(5);
    assertThat(batch.targetPositions()).containsExactly(1, 2, 3, 5, 12);
    assertThat(batch.labels()).containsExactly(12, 13, 2, 2, 33);
    assertThat(batch.sampleOfTarget()).containsExactly(0, 0, 0, 1, 2);
    assertThat(batch.targetCount()).containsExactly(3, 1, 1);
    assertThat(batch.sampleIndex()).containsExactly(40, 7, 9);
  }

  @Test
  void packedSamplesStandBehindOneAnotherAndKeepTheirTargets() {
    MicroBatch batch =
        MicroBatch.packed(
            List.of(
                List.of(sample(40, new int[] {10, 11}, 12), sample(7, new int[] {20}, 2)),
                List.of(sample(9, new int[] {30}, 31, 33))),
            99);
    assertThat(batch.packed()).isTrue();
    assertThat(batch.samples()).isEqualTo(3);
    assertThat(batch.ids()).containsExactly(10, 11, 12, 20, 2, 30, 31, 33, 99, 99);
    assertThat(batch.targetPositions()).containsExactly(1, 3, 5, 6);
    assertThat(batch.sampleOfTarget()).containsExactly(0, 1, 2, 2);
    assertThat(batch.targetCount()).containsExactly(1, 1, 2);
    assertThat(batch.sampleIndex()).containsExactly(40, 7, 9);
    assertThat(batch.starts()).containsExactly(0, 3, 5);
    assertThat(batch.lengths()).containsExactly(3, 2, 3);
  }

  @Test
  void aPromptTokenIsNeverATarget() {
    MicroBatch batch = MicroBatch.of(List.of(sample(0, new int[] {1, 2, 3, 2}, 5)), 2);
    assertThat(batch.labels()).containsExactly(5);
    assertThat(batch.targetPositions()).containsExactly(3);
  }

  @Test
  void aBatchWithoutSamplesCannotBe() {
    assertThatThrownBy(() -> MicroBatch.of(List.of(), 0))
        .isInstanceOf(NoSuchElementException.class);
  }
}
