package io.akkord.actors.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class SimulationTest {
  private static Level before;

  private static Logger log() {
    return (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  }

  @BeforeAll
  static void quiet() {
    before = log().getLevel();
    log().setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    log().setLevel(before);
  }

  @Test
  void whateverHappensTheBitsAreTheSame() {
    try (SimWorld world = new SimWorld()) {
      Seeds.run(world, Long.getLong("akkord.seed", 0), Long.getLong("akkord.seeds", 500));
    }
  }

  @Test
  void aSeedIsTheSameHistoryEveryTime() {
    try (SimWorld one = new SimWorld();
        SimWorld other = new SimWorld()) {
      for (long seed = 1; seed <= 20; seed++) {
        assertThat(Seeds.run(other, seed)).isEqualTo(Seeds.run(one, seed));
      }
    }
  }
}
