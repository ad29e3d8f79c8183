package io.akkord.actors.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.EnumSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** A simulation that cannot fail proves nothing: each fault is noticed within some seeds. */
class PlantedFaultsTest {
  /** As many as a build runs. */
  private static final int MOST_SEEDS = 500;

  private static SimWorld world;
  private static Level before;

  private static Logger log() {
    return (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  }

  @BeforeAll
  static void start() {
    before = log().getLevel();
    log().setLevel(Level.OFF);
    world = new SimWorld();
  }

  @AfterAll
  static void end() {
    world.close();
    log().setLevel(before);
  }

  @ParameterizedTest
  @EnumSource(Faults.class)
  void aPlantedFaultIsNoticed(Faults fault) {
    String noticed = null;
    int seeds = 0;
    while (noticed == null && seeds < MOST_SEEDS) {
      noticed = Seeds.failure(world, firstSeed(fault) + seeds++, EnumSet.of(fault));
    }
    System.out.printf("%s: noticed after %d seeds: %s%n", fault, seeds, noticed);
    assertThat(noticed).as("within %d seeds", MOST_SEEDS).isNotNull();
  }

  /** What takes two heads at a certain moment is rare; a build need not try all seeds before. */
  private static long firstSeed(Faults fault) {
    return switch (fault) {
      case NO_LOCK -> 400;
      case CHECKPOINT_WITHOUT_LOCK -> 600;
      default -> 0;
    };
  }
}
