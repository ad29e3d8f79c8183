package io.akkord.actors.journal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * One force at a time; whoever asks while one is under way shares the next. So a burst of commits
 * costs two forces and not one each.
 */
final class GroupedSync implements DiskSync {

  /** The force itself. */
  interface Force {
    void run() throws Exception;
  }

  private final Force force;
  private final Executor executor;
  private CompletableFuture<Void> next;
  private boolean busy;

  GroupedSync(Force force, Executor executor) {
    this.force = force;
    this.executor = executor;
  }

  @Override
  public synchronized CompletionStage<Void> sync() {
    if (next == null) {
      next = new CompletableFuture<>();
    }
    CompletableFuture<Void> mine = next;
    if (!busy) {
      busy = true;
      try {
        executor.execute(this::forceAll);
      } catch (RejectedExecutionException e) {
        busy = false;
        next = null;
        mine.completeExceptionally(e);
      }
    }
    return mine;
  }

  private void forceAll() {
    for (CompletableFuture<Void> group = take(); group != null; group = take()) {
      try {
        force.run();
        group.complete(null);
      } catch (Exception e) {
        group.completeExceptionally(e);
      }
    }
  }

  private synchronized CompletableFuture<Void> take() {
    CompletableFuture<Void> group = next;
    next = null;
    busy = group != null;
    return group;
  }
}
