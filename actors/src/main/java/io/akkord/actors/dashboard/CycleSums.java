package io.akkord.actors.dashboard;

import io.akkord.proto.SupervisorEvent.CycleFinished;
import java.util.TreeMap;

/**
 * Sums over the rewrite cycles of a run that are no longer kept in full, in a fixed amount of
 * memory. They can be taken back to an earlier step: exactly while there are no more than {@link
 * #MOST}, else to within the few cycles between two marks.
 */
final class CycleSums {
  /** Points that the sums can go back to. */
  static final int MOST = 1_000;

  /**
   * Sums.
   *
   * @param cycles how many
   */
  record Sum(long cycles, long candidates, long accepted, long rejected) {
    static final Sum NONE = new Sum(0, 0, 0, 0);

    Sum plus(CycleFinished cycle) {
      return new Sum(
          cycles + 1,
          candidates + cycle.getCandidates(),
          accepted + cycle.getAccepted(),
          rejected + cycle.getRejected());
    }
  }

  /** The sums up to a cycle. */
  private record Mark(int cycle, long committedSteps, Sum sum) {}

  private final TreeMap<Long, Mark> marks = new TreeMap<>();
  private Mark latest = new Mark(0, 0, Sum.NONE);
  private long width = 1;

  Sum sum() {
    return latest.sum();
  }

  /** Whether a cycle is in already. */
  boolean has(int cycle) {
    return cycle <= latest.cycle();
  }

  /** Adds the next one. */
  void add(CycleFinished cycle) {
    latest = new Mark(cycle.getCycle(), cycle.getCommittedSteps(), latest.sum().plus(cycle));
    if (latest.sum().cycles() % width == 0) {
      marks.put(latest.committedSteps(), latest);
    }
    if (marks.size() > MOST) {
      width *= 2;
      marks.values().removeIf(mark -> mark.sum().cycles() % width != 0);
    }
  }

  /** Takes back what came after so many committed steps. */
  void takeBack(long committed) {
    if (latest.committedSteps() > committed) {
      marks.tailMap(committed, false).clear();
      latest = marks.isEmpty() ? new Mark(0, 0, Sum.NONE) : marks.lastEntry().getValue();
    }
  }
}
