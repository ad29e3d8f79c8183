package io.akkord.deploy.cli;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** The end of a node that was asked for, on a thread: a signal's handler may not wait. */
final class PoliteEnd {
  private final FutureTask<Integer> work;
  private volatile boolean begun;

  /**
   * An end that has not begun.
   *
   * @param work saves and leaves; gives the exit code
   */
  PoliteEnd(Callable<Integer> work) {
    this.work = new FutureTask<>(work);
  }

  void begin() {
    begun = true;
    new Thread(work, "akkord-end").start();
  }

  boolean begun() {
    return begun;
  }

  /** Waits until it is over; whoever asked has set a bound. */
  int await() throws InterruptedException, ExecutionException {
    return work.get();
  }
}
