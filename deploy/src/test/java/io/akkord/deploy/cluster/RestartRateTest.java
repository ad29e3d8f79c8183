package io.akkord.deploy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RestartRateTest {
  // Such a clock begins anywhere and may run over.
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 10);
  private final RestartRate rate = new RestartRate(2, Duration.ofHours(1), nanos::get);

  @Test
  void soManyAreAllowedWithinTheTimeAndForEachNameByItself() {
    assertThat(rate.allows("a")).isTrue();
    assertThat(rate.allows("a")).isTrue();
    assertThat(rate.allows("a")).isFalse();
    assertThat(rate.allows("b")).isTrue();
  }

  @Test
  void whatIsLongAgoCountsNoMore() {
    assertThat(rate.allows("a")).isTrue();
    assertThat(rate.allows("a")).isTrue();
    nanos.addAndGet(Duration.ofMinutes(59).toNanos());
    assertThat(rate.allows("a")).isFalse();
    nanos.addAndGet(Duration.ofMinutes(61).toNanos());
    assertThat(rate.allows("a")).isTrue();
  }
}
