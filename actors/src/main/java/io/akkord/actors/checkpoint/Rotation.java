package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/** Which checkpoints go when a new one is there. */
final class Rotation {
  private Rotation() {}

  /**
   * The checkpoints beyond the limit, oldest first. The one just verified and the best one stay
   * whatever their age.
   *
   * @param complete the complete ones, newest first
   * @param verified committed steps of the one that was just read back and found whole
   * @param best committed steps of the best one
   * @param limit how many of the newest to keep; 0 keeps all
   */
  static List<Checkpoint> surplus(
      List<Checkpoint> complete, long verified, OptionalLong best, int limit) {
    if (limit == 0) {
      return List.of();
    }
    return complete.stream()
        .skip(limit)
        .filter(c -> c.committedSteps() != verified)
        .filter(c -> best.isEmpty() || c.committedSteps() != best.getAsLong())
        .sorted(Comparator.comparingLong(Checkpoint::committedSteps))
        .toList();
  }
}
