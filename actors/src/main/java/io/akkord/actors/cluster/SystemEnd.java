package io.akkord.actors.cluster;

import akka.Done;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Adapter;
import io.akkord.model.UserError;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The end of an actor system, which may come at any time and then must not take for ever. */
final class SystemEnd {
  private SystemEnd() {}

  /**
   * Waits until the actor system has ended.
   *
   * @param within from the beginning of its shutdown on
   * @throws UserError if an actor holds it up for longer, so that its process had better end
   */
  static void await(ActorSystem<?> system, Duration within) {
    CompletableFuture<Done> begun = new CompletableFuture<>();
    CoordinatedShutdown shutdown = CoordinatedShutdown.get(Adapter.toClassic(system));
    shutdown.addTask(
        CoordinatedShutdown.PhaseBeforeServiceUnbind(),
        "system-end",
        () -> {
          begun.complete(Done.getInstance());
          return begun;
        });
    CompletableFuture<Done> ended = system.getWhenTerminated().toCompletableFuture();
    CompletableFuture.anyOf(begun, ended).join();
    try {
      ended.get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new UserError(
          "node %s: its actors have not ended within %d s of its shutdown (%s); its process ends with them"
              .formatted(
                  system.address(),
                  within.toSeconds(),
                  shutdown.getShutdownReason().map(Object::toString).orElse("no reason given")),
          e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted while node %s ended".formatted(system.address()), e);
    }
  }
}
