package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.Behaviors;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Actors as they are seen from outside: one that is busy, one that has failed. */
class ActorTreeTest {
  private static final ActorTestKit KIT = ActorTestKit.create();

  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void stop() {
    gate.countDown();
    KIT.shutdownTestKit();
  }

  private static Optional<ActorTree.Row> row(String path) {
    return ActorTree.of(KIT.system()).stream().filter(row -> row.path().equals(path)).findFirst();
  }

  /** Waits at the gate for "wait", fails at "fail". */
  private Behavior<String> obedient() {
    return Behaviors.receive(String.class)
        .onMessageEquals(
            "wait",
            () -> {
              gate.await();
              return Behaviors.same();
            })
        .onMessageEquals(
            "fail",
            () -> {
              throw new IllegalStateException("as it was told");
            })
        .onAnyMessage(message -> Behaviors.same())
        .build();
  }

  /** Passes what begins with a child's name on to it. */
  private Behavior<String> parent() {
    return Behaviors.setup(
        context -> {
          ActorRef<String> mortal = context.spawn(obedient(), "mortal");
          ActorRef<String> restarted =
              context.spawn(
                  Behaviors.supervise(obedient()).onFailure(SupervisorStrategy.restart()),
                  "restarted");
          return Behaviors.receive(String.class)
              .onMessageEquals(
                  "wait",
                  () -> {
                    mortal.tell("fail");
                    gate.await();
                    return Behaviors.same();
                  })
              .onAnyMessage(
                  message -> {
                    restarted.tell(message);
                    return Behaviors.same();
                  })
              .build();
        });
  }

  @Test
  void mailboxesFailuresAndDepthsAreSeenWithoutAskingAnybody() {
    ActorRef<String> run = KIT.system().systemActorOf(parent(), "run-1-1", Props.empty());
    KIT.system().systemActorOf(obedient(), "nobody-of-a-run", Props.empty());
    run.tell("fail");
    run.tell("wait");
    run.tell("later");
    run.tell("later still");
    Awaitility.await()
        .until(() -> row("run-1-1/mortal").filter(r -> r.state().equals("suspended")).isPresent());
    assertThat(row("run-1-1"))
        .as("two messages wait for one that waits at the gate")
        .contains(new ActorTree.Row("run-1-1", 0, "running", 2));
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(row("run-1-1/restarted"))
                    .as("its strategy has restarted it")
                    .contains(new ActorTree.Row("run-1-1/restarted", 1, "running", 0)));
    assertThat(row("nobody-of-a-run")).isEmpty();

    gate.countDown();
    Awaitility.await().until(() -> row("run-1-1/mortal").isEmpty());
    Awaitility.await()
        .untilAsserted(() -> assertThat(row("run-1-1").orElseThrow().mailbox()).isZero());
  }
}
