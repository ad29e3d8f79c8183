package io.akkord.actors.cluster;

import akka.actor.PoisonPill;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import java.time.Duration;

/**
 * Ends the connections that would hold up the end of an actor system for ever. Artery ends when all
 * its streams have, without a deadline, and now and then one of its TLS connections to a peer that
 * is there never does. Whoever else needs a stream has ended before, as the system ends its own
 * actors last.
 */
final class StreamsEnd {
  /** Artery's own flush has a deadline of one second. */
  static final Duration PATIENCE = Duration.ofSeconds(3);

  private static final String NAME = "streams-end";
  private static final String STREAMS = "/system/Materializers/*";

  private StreamsEnd() {}

  /** To be called once for a system that speaks to others. */
  static void watch(ActorSystem<?> system) {
    system.systemActorOf(create(system), NAME, Props.empty());
  }

  private static Behavior<Duration> create(ActorSystem<?> system) {
    return Behaviors.setup(
        context -> {
          context.watch(system);
          return Behaviors.withTimers(
              timers ->
                  Behaviors.receive(Duration.class)
                      .onSignal(
                          Terminated.class,
                          ended -> {
                            timers.startTimerWithFixedDelay(PATIENCE, PATIENCE);
                            return Behaviors.same();
                          })
                      .onAnyMessage(
                          patience -> {
                            context
                                .getLog()
                                .info(
                                    "connections that have not ended {} s after all actors are ended now",
                                    patience.toSeconds());
                            Adapter.toClassic(system)
                                .actorSelection(STREAMS)
                                .tell(PoisonPill.getInstance(), null);
                            return Behaviors.same();
                          })
                      .build());
        });
  }
}
