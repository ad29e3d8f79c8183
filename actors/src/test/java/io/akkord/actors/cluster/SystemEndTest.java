package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import io.akkord.model.UserError;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SystemEndTest {
  private static final String CONFIG =
      """
      akka { loglevel = WARNING, stdout-loglevel = OFF, jvm-shutdown-hooks = off }
      akka.coordinated-shutdown.phases.actor-system-terminate.timeout = 1 s
      """;

  private static ActorSystem<String> system(CountDownLatch held, CountDownLatch let) {
    return ActorSystem.create(
        Behaviors.receive(String.class)
            .onAnyMessage(
                message -> {
                  held.countDown();
                  let.await();
                  return Behaviors.same();
                })
            .build(),
        "end",
        ConfigFactory.parseString(CONFIG).withFallback(ConfigFactory.load()));
  }

  @Test
  void anActorThatHoldsTheEndUpIsWaitedForSoLongAndNoLonger() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch let = new CountDownLatch(1);
    ActorSystem<String> system = system(held, let);
    system.tell("hold");
    assertThat(held.await(10, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<Void> waiting =
        CompletableFuture.runAsync(() -> SystemEnd.await(system, Duration.ofSeconds(2)));
    Thread.sleep(500);
    assertThat(waiting).as("before the shutdown it waits without a limit").isNotDone();
    system.terminate();
    assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
        .hasCauseInstanceOf(UserError.class)
        .hasMessageContaining("akka://end: its actors have not ended within 2 s of its shutdown")
        .hasMessageContaining("ActorSystemTerminateReason");
    let.countDown();
    system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Test
  void aSystemThatEndsIsNotWaitedForLonger() throws Exception {
    ActorSystem<String> system = system(new CountDownLatch(1), new CountDownLatch(0));
    CompletableFuture<Void> waiting =
        CompletableFuture.runAsync(() -> SystemEnd.await(system, Duration.ofMinutes(5)));
    system.terminate();
    waiting.get(20, TimeUnit.SECONDS);
    SystemEnd.await(system, Duration.ofMinutes(5));
  }
}
