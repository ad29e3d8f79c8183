package io.akkord.actors.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class RepetitionTest {
  private final Repetition repetition = new Repetition();

  @Test
  void aTextInWhichNothingComesTwiceIsWhollyDistinct() {
    repetition.add(IntStream.range(0, 50).toArray());
    assertThat(repetition.distinct()).hasValue(1);
  }

  @Test
  void aLoopIsNearZeroHoweverLongItsPeriod() {
    repetition.add(IntStream.range(0, 203).map(i -> i % 10).toArray());
    assertThat(repetition.distinct()).hasValue(10 / 200.0);
  }

  @Test
  void theTextsOfACycleCountAlikeWhateverTheirLength() {
    repetition.add(IntStream.range(0, 1000).toArray());
    repetition.add(new int[19]);
    assertThat(repetition.distinct().orElseThrow())
        .isEqualTo((1 + 1 / 16.0) / 2, Offset.offset(1e-12));
  }

  @Test
  void shortTextsSayNothing() {
    repetition.add(new int[15]);
    assertThat(repetition.distinct()).isEmpty();
  }
}
