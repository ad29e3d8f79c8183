package io.akkord.actors.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.EnumSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * The real actors of a run under everything that can happen to them. {@code -Dakkord.seed=S
 * -Dakkord.seeds=N} runs N seeds from S on.
 */
class SimulationTest {
  private static final long SEEDS = 500;
  private static final int LEAVING_SEEDS = 60;
  private static final long MANY_SEEDS = 20_000;

  private static Level before;

  private static Logger log() {
    return (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  }

  /** What goes wrong on purpose is not for the console. */
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
  void whateverHappensTheBitsAreTheSameAndNothingIsCountedTwice() {
    try (SimWorld world = new SimWorld()) {
      long seeds = Long.getLong("akkord.seeds", SEEDS);
      long takeOvers = Seeds.run(world, Long.getLong("akkord.seed", 0), seeds);
      if (seeds >= SEEDS) {
        assertThat(takeOvers).as("attempts that took over").isGreaterThan(SEEDS / 20);
      }
    }
  }

  @Test
  void whoLeavesCostsNoRestart() {
    int left = 0;
    try (SimWorld world = new SimWorld()) {
      for (long seed = 0; seed < LEAVING_SEEDS; seed++) {
        Simulation.Result result = Seeds.run(world, seed, EnumSet.of(Trouble.Kind.LEAVE));
        assertThat(result.attempts()).as("attempts of seed %d", seed).isEqualTo(1);
        left += result.left();
      }
    }
    System.out.printf("%d seeds: %d workers have left%n", LEAVING_SEEDS, left);
    assertThat(left).as("workers that left").isGreaterThan(LEAVING_SEEDS / 4);
  }

  @Test
  @Tag("slow")
  void manySeeds() {
    try (SimWorld world = new SimWorld()) {
      Seeds.run(
          world, Long.getLong("akkord.seed", SEEDS), Long.getLong("akkord.seeds", MANY_SEEDS));
    }
  }

  /** Or a seed that fails among others could not be replayed alone. */
  @Test
  void aSeedIsTheSameHistoryWhateverRanBefore() {
    try (SimWorld used = new SimWorld()) {
      for (long seed = 0; seed < 20; seed++) {
        Simulation.Result among = Seeds.run(used, seed);
        try (SimWorld fresh = new SimWorld()) {
          assertThat(Seeds.run(fresh, seed)).isEqualTo(among);
        }
      }
    }
  }
}
