package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is told of those that were refused. */
class RefusalLogTest {
  private static final long SECOND = 1_000_000_000L;

  private final List<String> told = new ArrayList<>();
  private long now;
  private final RefusalLog log = new RefusalLog(told::add, () -> now);

  private void refused(int status, String... path) {
    log.refused(
        "10.0.0.9",
        new Question("POST", List.of(path), Map.of(), Map.of()),
        new Refused(status, "the token is wrong"));
  }

  @Test
  void whoFromWhereWhatAndWhyAreNamed() {
    refused(401, "api", "v1", "jobs");
    assertThat(told)
        .containsExactly("refused POST /api/v1/jobs of 10.0.0.9 with 401: the token is wrong");
  }

  @Test
  void whatIsNotThereOrBusyIsNobodysAttempt() {
    for (int status : new int[] {404, 405, 409, 503}) {
      refused(status, "x");
    }
    assertThat(told).isEmpty();
  }

  @Test
  void whoKnocksOftenIsToldSometimesAndCounted() {
    for (int i = 0; i < 1_000; i++) {
      refused(401, "x");
      now += SECOND / 1_000;
    }
    assertThat(told).hasSize(5);
    now += 20 * SECOND;
    refused(401, "x");
    refused(401, "x");
    assertThat(told).hasSize(7);
    assertThat(told.get(5)).endsWith("(995 more were refused since the last line)");
    assertThat(told.get(6)).endsWith("the token is wrong");
  }

  @Test
  void aStrangersTextForgesNoLine() {
    refused(400, "a\nWARN all is well", "b".repeat(5_000));
    assertThat(told.get(0))
        .doesNotContain("\n")
        .contains("a?WARN all is well")
        .hasSizeLessThan(400);
  }
}
