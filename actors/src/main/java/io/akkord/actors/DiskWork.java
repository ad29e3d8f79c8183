package io.akkord.actors;

import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;

/** Work that waits for a disk, away from the actors' own threads. */
public final class DiskWork {
  private DiskWork() {}

  /**
   * Runs it on {@code akkord.blocking-io}; the actor is told what came of it.
   *
   * @param told makes the message from the result, or from what was thrown
   */
  public static <T, M> void run(
      ActorContext<M> context, Callable<T> work, BiFunction<T, Throwable, M> told) {
    CompletableFuture<T> result = new CompletableFuture<>();
    context.pipeToSelf(result, told::apply);
    context
        .getSystem()
        .dispatchers()
        .lookup(DispatcherSelector.fromConfig("akkord.blocking-io"))
        .execute(
            () -> {
              try {
                result.complete(work.call());
              } catch (Throwable e) { // an error too: whoever waits for the answer must hear of it
                result.completeExceptionally(e);
              }
            });
  }
}
