package io.akkord.actors.content;

import java.time.Duration;

/** How long somebody else's work is waited for: as long as it moves, and a while longer. Pure. */
final class FetchPatience {
  private final Duration limit;
  private boolean waiting;
  private long since;
  private long mark;

  FetchPatience(Duration limit) {
    this.limit = limit;
  }

  /** Nothing is waited for any more. */
  void moved() {
    waiting = false;
  }

  /** Whether the mark has not changed for too long. */
  boolean over(long nowNanos, long newMark) {
    if (!waiting || mark != newMark) {
      waiting = true;
      since = nowNanos;
      mark = newMark;
    }
    return nowNanos - since > limit.toNanos();
  }
}
