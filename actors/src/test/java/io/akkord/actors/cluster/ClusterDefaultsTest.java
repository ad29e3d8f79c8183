package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.config.DeadlineLadder;
import io.akkord.model.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The settings that a node has when nobody has set any. */
class ClusterDefaultsTest {
  private static final Config DEFAULTS = ConfigFactory.load();

  @Test
  void theTimeOutsAreInOrder() {
    assertThatCode(() -> DeadlineLadder.require(DEFAULTS)).doesNotThrowAnyException();
  }

  /** heartbeat < step < hand-over < attempt, and the lane's silence below a step. */
  @ParameterizedTest
  @CsvSource({
    "akkord.cluster.heartbeat-pause, akkord.deadlines.step",
    "akkord.bulk.silence, akkord.deadlines.step",
    "akkord.deadlines.step, akkord.deadlines.take-over",
    "akkord.deadlines.take-over, akkord.deadlines.start-up"
  })
  void aRungAsHighAsTheNextOneIsRefused(String rung, String next) {
    Config wrong =
        ConfigFactory.parseString(rung + " = " + DEFAULTS.getString(next)).withFallback(DEFAULTS);
    assertThatThrownBy(() -> DeadlineLadder.require(wrong))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(rung + " (" + DEFAULTS.getString(next) + ") must be less than")
        .hasMessageContaining(next);
  }
}
