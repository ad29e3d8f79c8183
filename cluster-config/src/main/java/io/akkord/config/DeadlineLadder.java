package io.akkord.config;

import com.typesafe.config.Config;
import io.akkord.model.UserError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The order of the time-outs of a cluster: what happens inside something else gives up first, so
 * that the nearest cause is the one that is named. Heartbeat and silence of the lane are below a
 * step, a step is below the hand-over to a new supervisor (take-over), and that is below the start
 * of an attempt.
 */
public final class DeadlineLadder {
  private static final String HEARTBEAT = "akkord.cluster.heartbeat-pause";
  private static final String STABLE = "akkord.cluster.stable-after";
  private static final String REJOIN = "akkord.cluster.rejoin-timeout";
  private static final String SILENCE = "akkord.bulk.silence";
  private static final String STEP = "akkord.deadlines.step";
  private static final String TAKE_OVER = "akkord.deadlines.take-over";
  private static final String START_UP = "akkord.deadlines.start-up";
  private static final String LOCK = "akkord.persistence.hand-over-timeout";

  /** A singleton moves when its node was suspected, removed, and the others have settled. */
  private static final int SETTLINGS = 2;

  private final Config config;
  private final List<String> problems = new ArrayList<>();

  private DeadlineLadder(Config config) {
    this.config = config;
  }

  /**
   * Checks the settings of a node that takes part in a cluster.
   *
   * @param config with the defaults
   * @throws UserError naming every pair of settings in the wrong order, with both values
   */
  public static void require(Config config) {
    DeadlineLadder ladder = new DeadlineLadder(config);
    ladder.check();
    if (!ladder.problems.isEmpty()) {
      throw new UserError(
          "time-outs that cannot work together:\n  " + String.join("\n  ", ladder.problems));
    }
  }

  private void check() {
    Duration handOver =
        config.getDuration(HEARTBEAT).plus(config.getDuration(STABLE).multipliedBy(SETTLINGS));
    String sum = "%s (%s) + %d × %s (%s) = %d ms";
    String handOverText =
        sum.formatted(
            HEARTBEAT, text(HEARTBEAT), SETTLINGS, STABLE, text(STABLE), handOver.toMillis());
    below(
        shown(HEARTBEAT),
        config.getDuration(HEARTBEAT),
        STEP,
        "a node that is gone would be blamed for a slow step before it is known to be gone");
    below(
        shown(SILENCE),
        config.getDuration(SILENCE),
        STEP,
        "a host that is gone without a word would be blamed for a slow step before it is known to"
            + " be gone");
    below(
        shown(STEP),
        config.getDuration(STEP),
        TAKE_OVER,
        "hosts would release the slices of a step that is still waited for");
    below(
        shown(TAKE_OVER),
        config.getDuration(TAKE_OVER),
        START_UP,
        "a new attempt would give up its start while hosts still keep what it goes on from");
    below(
        "the hand-over of the queue, " + handOverText,
        handOver,
        TAKE_OVER,
        "hosts would release their slices before a new supervisor asks for them");
    below(
        "the hand-over of the queue, " + handOverText,
        handOver,
        REJOIN,
        "workers would give up before another control node answers");
    below(
        shown(LOCK),
        config.getDuration(LOCK),
        TAKE_OVER,
        "hosts would release their slices while the run's lock is waited for");
  }

  private void below(String what, Duration value, String key, String otherwise) {
    if (value.compareTo(config.getDuration(key)) >= 0) {
      problems.add(
          "%s must be less than %s: %s; lower the first or raise the second"
              .formatted(what, shown(key), otherwise));
    }
  }

  private String shown(String key) {
    return "%s (%s)".formatted(key, text(key));
  }

  private String text(String key) {
    return config.getValue(key).unwrapped().toString();
  }
}
