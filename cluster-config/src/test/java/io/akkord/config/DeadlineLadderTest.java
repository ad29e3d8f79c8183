package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.model.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeadlineLadderTest {
  private static final Config GOOD =
      ConfigFactory.parseString(
          """
          akkord.cluster.heartbeat-pause = 4s
          akkord.cluster.stable-after = 5s
          akkord.cluster.rejoin-timeout = 10m
          akkord.bulk.silence = 20s
          akkord.deadlines.step = 10m
          akkord.deadlines.take-over = 12m
          akkord.deadlines.start-up = 15m
          akkord.persistence.hand-over-timeout = 30s
          """);

  private static Config with(String line) {
    return ConfigFactory.parseString(line).withFallback(GOOD);
  }

  @Test
  void settingsInOrderArePassed() {
    DeadlineLadder.require(GOOD);
    DeadlineLadder.require(
        with("akkord.deadlines.step = 30500ms\nakkord.deadlines.take-over = 31s"));
    DeadlineLadder.require(with("akkord.deadlines.start-up = 720001ms"));
    DeadlineLadder.require(with("akkord.bulk.silence = 599s"));
    DeadlineLadder.require(with("akkord.cluster.rejoin-timeout = 14001ms"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "akkord.cluster.heartbeat-pause = 10m | akkord.cluster.heartbeat-pause (10m) must be less"
            + " than akkord.deadlines.step (10m)",
        "akkord.deadlines.step = 4s | akkord.cluster.heartbeat-pause (4s) must be less than"
            + " akkord.deadlines.step (4s)",
        "akkord.cluster.stable-after = 5m | + 2 × akkord.cluster.stable-after (5m) = 604000 ms must"
            + " be less than akkord.cluster.rejoin-timeout (10m)",
        "akkord.cluster.stable-after = 6m | + 2 × akkord.cluster.stable-after (6m) = 724000 ms must"
            + " be less than akkord.deadlines.take-over (12m)",
        "akkord.bulk.silence = 10m | akkord.bulk.silence (10m) must be less than"
            + " akkord.deadlines.step (10m)",
        "akkord.deadlines.take-over = 10m | akkord.deadlines.step (10m) must be less than"
            + " akkord.deadlines.take-over (10m)",
        "akkord.deadlines.step = 12m | akkord.deadlines.step (12m) must be less than"
            + " akkord.deadlines.take-over (12m)",
        "akkord.deadlines.start-up = 12m | akkord.deadlines.take-over (12m) must be less than"
            + " akkord.deadlines.start-up (12m)",
        "akkord.deadlines.take-over = 16m | akkord.deadlines.take-over (16m) must be less than"
            + " akkord.deadlines.start-up (15m)",
        "akkord.cluster.rejoin-timeout = 14s | = 14000 ms must be less than"
            + " akkord.cluster.rejoin-timeout (14s)",
        "akkord.persistence.hand-over-timeout = 12m | akkord.persistence.hand-over-timeout (12m)"
            + " must be less than akkord.deadlines.take-over (12m)"
      })
  void aRungInTheWrongPlaceIsRefusedWithBothNamesAndValues(String line, String problem) {
    assertThatThrownBy(() -> DeadlineLadder.require(with(line)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(problem)
        .hasMessageContaining("lower the first or raise the second");
  }

  @Test
  void allThatIsWrongIsSaidAtOnce() {
    assertThatThrownBy(
            () ->
                DeadlineLadder.require(
                    with("akkord.deadlines.step = 1s\nakkord.deadlines.take-over = 1s")))
        .hasMessageContaining("akkord.deadlines.step (1s)")
        .hasMessageContaining("akkord.persistence.hand-over-timeout (30s)")
        .hasMessageContaining("release their slices before a new supervisor");
  }
}
