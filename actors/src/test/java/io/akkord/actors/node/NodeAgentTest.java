package io.akkord.actors.node;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Adapter;
import akka.event.Logging;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a node says of itself, and why it ends. */
class NodeAgentTest {
  private static final ActorTestKit KIT = ActorTestKit.create();
  private static final NodeReport REPORT =
      new NodeReport(
          "w",
          "h",
          "h:1",
          4,
          List.of("worker"),
          List.of(),
          1,
          0,
          0,
          0,
          0,
          1,
          "x",
          List.of(),
          NodeLog.Part.NONE);

  private final TestProbe<NodeAgent.Said> watch = KIT.createTestProbe();
  private ActorRef<NodeAgent.Command> agent;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void itWasAskedOnceAtLeast() {
    agent = KIT.spawn(NodeAgent.create(part -> REPORT, NodeLog.create()));
    agent.tell(new NodeAgent.Describe(NodeLog.Position.NONE, watch.getRef()));
    agent.tell(new NodeAgent.Describe(NodeLog.Position.NONE, watch.getRef()));
    assertThat(watch.receiveMessage()).isEqualTo(REPORT);
    assertThat(watch.receiveMessage()).isEqualTo(REPORT);
  }

  private static void publish(Throwable cause) {
    Adapter.toClassic(KIT.system())
        .eventStream()
        .publish(new Logging.Error(cause, "source", NodeAgentTest.class, "text"));
  }

  @Test
  void itsLastWordIsTheFatalErrorAndIsSaidOnceToEachWhoAsked() {
    publish(new IllegalStateException("of no importance"));
    publish(new OutOfMemoryError("Java heap space"));
    publish(new IllegalStateException("of no importance either"));
    agent.tell(NodeAgent.Farewell.INSTANCE);
    assertThat(watch.receiveMessage())
        .isEqualTo(new NodeEnd("h:1", "java.lang.OutOfMemoryError: Java heap space"));
    watch.expectNoMessage();
  }

  @Test
  void withoutOneItNamesItsLog() {
    agent.tell(NodeAgent.Farewell.INSTANCE);
    assertThat(((NodeEnd) watch.receiveMessage()).why()).contains("the last lines of its log");
  }
}
