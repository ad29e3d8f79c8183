package io.akkord.actors.worker;

import io.akkord.actors.params.WorkerPhases;
import java.util.function.LongSupplier;

/** Where a worker's time goes, step after step. A step is told when the next one is scored. */
final class PhaseClock {
  private static final double NANOS = 1e9;

  private final String worker;
  private final LongSupplier nanos;
  private long firstBlock = -1;
  private long installed = -1;
  private long forwarded = -1;
  private long opened = -1;
  private long backwarded = -1;
  private volatile long pushed = -1;
  private double data;
  private double forward;
  private double pull;
  private WorkerPhases last;

  PhaseClock(String worker, LongSupplier nanos) {
    this.worker = worker;
    this.nanos = nanos;
  }

  /** A block of newer parameters has arrived; the first one ends the step before. */
  void block() {
    if (firstBlock >= 0) {
      return;
    }
    firstBlock = nanos.getAsLong();
    if (backwarded >= 0) {
      long sent = pushed >= backwarded ? Math.min(pushed, firstBlock) : firstBlock;
      last =
          new WorkerPhases(
              worker,
              pull,
              data,
              forward,
              seconds(forwarded, opened),
              seconds(opened, backwarded),
              seconds(backwarded, sent),
              seconds(sent, firstBlock));
    }
  }

  /** The parameters are in: a step begins. */
  void installed() {
    installed = nanos.getAsLong();
    pull = seconds(firstBlock, installed);
    firstBlock = -1;
    forwarded = -1;
    opened = -1;
    backwarded = -1;
    pushed = -1;
    data = 0;
    forward = 0;
  }

  void forwarded(Compute.Scores scores) {
    forwarded = nanos.getAsLong();
    data += scores.dataSeconds();
    forward += scores.forwardSeconds();
  }

  void opened() {
    opened = nanos.getAsLong();
  }

  void backwarded() {
    backwarded = nanos.getAsLong();
  }

  /** On any thread. */
  void pushed() {
    pushed = nanos.getAsLong();
  }

  /** The step before the one under way; null if there is none to tell of, or it was told. */
  WorkerPhases take() {
    WorkerPhases taken = last;
    last = null;
    return taken;
  }

  private static double seconds(long from, long to) {
    return from < 0 || to < from ? 0 : (to - from) / NANOS;
  }
}
