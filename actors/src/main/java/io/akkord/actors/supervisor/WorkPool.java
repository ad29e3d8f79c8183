package io.akkord.actors.supervisor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Units of work spread over workers, one at a time each; what a lost worker had goes back. No
 * actors, no time.
 */
final class WorkPool<U> {
  private final Deque<U> pending;
  private final Map<String, U> running = new LinkedHashMap<>();
  private final Set<U> done = new HashSet<>();
  private final int total;

  WorkPool(Collection<U> units) {
    this.pending = new ArrayDeque<>(units);
    this.total = units.size();
  }

  /** The next unit for a worker that has none. */
  Optional<U> next(String worker) {
    if (running.containsKey(worker) || pending.isEmpty()) {
      return Optional.empty();
    }
    U unit = pending.poll();
    running.put(worker, unit);
    return Optional.of(unit);
  }

  /** Whether the unit is done for the first time. */
  boolean finish(String worker, U unit) {
    running.remove(worker, unit);
    pending.remove(unit);
    return done.add(unit);
  }

  /** Gives back what a lost worker had. */
  void lose(String worker) {
    U unit = running.remove(worker);
    if (unit != null && !done.contains(unit)) {
      pending.addFirst(unit);
    }
  }

  boolean complete() {
    return done.size() == total;
  }

  /** Who has a unit. */
  Set<String> workers() {
    return new LinkedHashSet<>(running.keySet());
  }

  /** Who works on what, for messages. */
  List<String> underWay() {
    List<String> lines = new ArrayList<>();
    running.forEach((worker, unit) -> lines.add(worker + ": " + unit));
    return lines;
  }
}
