package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.params.PureSteps.Fault;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The pure states of a step under every order of messages, deaths and power losses that the seeds
 * find. {@code -Dakkord.seed=S -Dakkord.seeds=N} runs N seeds from S on.
 */
class PureStepsTest {
  private static final long SEEDS = 10_000;
  private static final long MANY_SEEDS = 1_000_000;
  private static final long SEEDS_OF_A_FAULT = 1_000;
  private static final int LAST_LINES = 80;

  private final double[][] expected = new double[PureSteps.KINDS][];

  @Test
  void whateverComesFirstTheBitsAreTheSame() {
    run(SEEDS);
  }

  @Test
  @Tag("slow")
  void aMillionSeeds() {
    run(MANY_SEEDS);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aPlantedFaultIsNoticed(Fault fault) {
    String noticed = null;
    long seeds = 0;
    while (noticed == null && seeds < SEEDS_OF_A_FAULT) {
      noticed = failure(seeds++, fault, null);
    }
    assertThat(noticed).as("%s within %d seeds", fault, SEEDS_OF_A_FAULT).isNotNull();
  }

  private void run(long many) {
    long from = Long.getLong("akkord.seed", 0);
    long to = from + Long.getLong("akkord.seeds", many);
    for (long seed = from; seed < to; seed++) {
      if (failure(seed, Fault.NONE, null) != null) {
        List<String> lines = new ArrayList<>();
        String failure = failure(seed, Fault.NONE, lines);
        List<String> last = lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
        throw new AssertionError(
            "%s%nseed %d: %s%nreplay: mvn -B test -pl actors -am -Dtest=PureStepsTest -Dsurefire.failIfNoSpecifiedTests=false -Dakkord.seed=%d -Dakkord.seeds=1"
                .formatted(String.join("\n", last), seed, failure, seed));
      }
    }
  }

  /** What goes wrong with a seed; null if nothing does. */
  private String failure(long seed, Fault fault, List<String> transcript) {
    int kind = (int) (seed % PureSteps.KINDS);
    if (expected[kind] == null) {
      expected[kind] = new PureSteps(kind, true, Fault.NONE, null).run();
    }
    try {
      double[] found = new PureSteps(seed, false, fault, transcript).run();
      return Arrays.equals(found, expected[kind])
          ? null
          : "other bits than without trouble: " + Arrays.toString(found);
    } catch (PureSteps.Broken | SliceHolders.Disagreement e) {
      return e.getMessage();
    }
  }
}
