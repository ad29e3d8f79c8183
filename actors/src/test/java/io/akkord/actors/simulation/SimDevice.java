package io.akkord.actors.simulation;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A device thread on the simulated clock: jobs one after the other, each taking its time. */
final class SimDevice {
  private static final Duration LEAST = Duration.ofNanos(100_000);
  private static final Duration MOST = Duration.ofMillis(50);

  private final SimLoop loop;
  private final SimProcess process;
  private long busyUntil;
  private long hangsFrom = Long.MAX_VALUE;

  SimDevice(SimLoop loop, SimProcess process) {
    this.loop = loop;
    this.process = process;
  }

  /** From now on no job ends. */
  void hang() {
    hangsFrom = loop.now();
  }

  boolean hangs() {
    return loop.now() >= hangsFrom;
  }

  <T> CompletionStage<T> submit(Callable<T> job) {
    CompletableFuture<T> done = new CompletableFuture<>();
    busyUntil = Math.max(loop.now(), busyUntil) + loop.between(LEAST, MOST);
    loop.at(
        busyUntil,
        process,
        () -> {
          if (!process.alive || loop.now() >= hangsFrom) {
            return;
          }
          try {
            done.complete(job.call());
          } catch (Exception e) {
            done.completeExceptionally(e);
          }
        });
    return done;
  }
}
