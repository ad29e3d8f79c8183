package io.akkord.actors.journal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Forces what the journal has written to the disk itself. */
@FunctionalInterface
public interface DiskSync {

  /**
   * Completes once every write that ended before this call is on the disk. Calls may share a force.
   */
  CompletionStage<Void> sync();

  /** For a journal that forces every write itself, or keeps nothing. */
  static DiskSync none() {
    return () -> CompletableFuture.completedFuture(null);
  }
}
