package io.akkord.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleOrderTest {
  private static int[] order(long seed, long epoch, int samples) {
    SampleOrder order = new SampleOrder(seed, true, samples);
    return IntStream.range(0, samples).map(i -> order.at(epoch, i)).toArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 63, 64, 65, 100, 1000, 4096, 4097})
  void everySampleIsVisitedOncePerEpoch(int samples) {
    int[] all = IntStream.range(0, samples).toArray();
    for (long epoch = 0; epoch < 20; epoch++) {
      for (long seed : new long[] {0, 1, -1, 42, Long.MIN_VALUE}) {
        int[] visited = order(seed, epoch, samples);
        Arrays.sort(visited);
        assertThat(visited).isEqualTo(all);
      }
    }
  }

  @Test
  void epochsAndSeedsGiveOrdersOfTheirOwn() {
    assertThat(order(1, 0, 1000)).isNotEqualTo(order(1, 1, 1000)).isNotEqualTo(order(2, 0, 1000));
    assertThat(order(1, 1, 1000)).isNotEqualTo(order(2, 0, 1000));
    assertThat(order(1, 0, 1000)).isEqualTo(order(1, 0, 1000));
  }

  /** Of a random permutation one element stays in place on average, with variance one. */
  @Test
  void samplesAreSpreadLikeChanceSpreadsThem() {
    long inPlace = 0;
    long followers = 0;
    for (long epoch = 0; epoch < 200; epoch++) {
      int[] order = order(7, epoch, 1000);
      for (int i = 0; i < order.length; i++) {
        inPlace += order[i] == i ? 1 : 0;
        followers += i > 0 && order[i] == order[i - 1] + 1 ? 1 : 0;
      }
    }
    assertThat(inPlace).isBetween(130L, 270L);
    assertThat(followers).isBetween(130L, 270L);
  }

  @Test
  void everySampleComesFirstEquallyOften() {
    int[] first = new int[10];
    for (long epoch = 0; epoch < 10_000; epoch++) {
      first[new SampleOrder(3, true, 10).at(epoch, 0)]++;
    }
    assertThat(IntStream.of(first)).allMatch(count -> count > 850 && count < 1150);
  }

  @Test
  void withoutShuffleTheFilesOrderStays() {
    SampleOrder order = new SampleOrder(5, false, 100);
    for (int i = 0; i < 100; i++) {
      assertThat(order.at(i, i)).isEqualTo(i);
    }
  }

  @Test
  void theLargestFileIsShuffledToo() {
    SampleOrder order = new SampleOrder(5, true, Integer.MAX_VALUE);
    assertThat(IntStream.range(0, 1000).map(i -> order.at(0, i)).distinct().count())
        .isEqualTo(1000);
    assertThat(order.at(0, Integer.MAX_VALUE - 1)).isNotNegative();
  }

  @Test
  void positionsOutsideTheEpochAreRefused() {
    SampleOrder order = new SampleOrder(5, true, 3);
    assertThatThrownBy(() -> order.at(0, 3)).hasMessage("position 3 of 3");
    assertThatThrownBy(() -> order.at(0, -1)).hasMessage("position -1 of 3");
  }
}
