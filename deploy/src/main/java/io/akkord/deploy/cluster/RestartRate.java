package io.akkord.deploy.cluster;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * So many restarts within some time, for each name. It counts with a clock that only goes on: one
 * that is set back would allow too few, one that is set ahead too many.
 */
final class RestartRate {
  private final int most;
  private final Duration within;
  private final LongSupplier nanos;
  private final Map<String, Deque<Long>> times = new HashMap<>();

  RestartRate(int most, Duration within, LongSupplier nanos) {
    this.most = most;
    this.within = within;
    this.nanos = nanos;
  }

  /** Counts a restart; false if it is one too many. */
  synchronized boolean allows(String name) {
    long now = nanos.getAsLong();
    Deque<Long> recent = times.computeIfAbsent(name, n -> new ArrayDeque<>());
    while (!recent.isEmpty() && now - recent.getFirst() > within.toNanos()) {
      recent.removeFirst();
    }
    recent.addLast(now);
    return recent.size() <= most;
  }
}
