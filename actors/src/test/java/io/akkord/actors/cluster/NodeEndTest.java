package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.CoordinatedShutdown;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Adapter;
import akka.event.Logging;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.node.ClusterWatch;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.node.NodeLog;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the head says of a node that has ended: by itself, or asked to. */
class NodeEndTest {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private ClusterNode head;
  private ClusterNode node;
  private final NodeBoard board = new NodeBoard();

  @BeforeEach
  void aHeadThatSeesANode() throws Exception {
    head = start(List.of(), ClusterNode.CONTROL);
    head.system()
        .systemActorOf(ClusterWatch.create(Clock.systemUTC(), board), "watch", Props.empty());
    head.describe("head", List.of(), 1, NodeLog.create());
    node = start(List.of(head.address()), ClusterNode.WORKER);
    node.joined().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    node.describe("node", List.of("cpu:0"), 1, NodeLog.create());
    Awaitility.await().atMost(DEADLINE).until(() -> up().contains("node"));
  }

  @AfterEach
  void stop() {
    node.close();
    head.close();
  }

  private static ClusterNode start(List<String> seeds, String role) {
    return ClusterNode.start(
        new ClusterNode.Options(
            "127.0.0.1", 0, seeds, "a-token-of-this-test", List.of(role), ConfigFactory.empty()));
  }

  private List<String> up() {
    return board.nodes().stream()
        .filter(n -> n.state().equals("up"))
        .map(n -> n.report().node())
        .toList();
  }

  @Test
  void aJvmThatEndsForAFatalErrorSaysWhichBeforeItGoes() {
    String address = node.address();
    Adapter.toClassic(node.system())
        .eventStream()
        .publish(
            new Logging.Error(
                new OutOfMemoryError("Java heap space"), "here", NodeEndTest.class, "fatal"));
    // As its shutdown hook does.
    CoordinatedShutdown.get(node.system()).runAll(CoordinatedShutdown.jvmExitReason());
    Awaitility.await()
        .atMost(DEADLINE)
        .untilAsserted(
            () -> {
              assertThat(up()).containsExactly("head");
              assertThat(board.failures()).hasSize(1);
              assertThat(board.failures().get(0).node()).startsWith("node (" + address + ", pid");
              assertThat(board.failures().get(0).what())
                  .isEqualTo("ended by itself: java.lang.OutOfMemoryError: Java heap space");
            });
  }

  @Test
  void aNodeThatIsAskedToLeaveIsNoFailure() {
    node.leave("its node was asked to end");
    Awaitility.await()
        .atMost(DEADLINE)
        .untilAsserted(
            () -> {
              assertThat(up()).containsExactly("head");
              assertThat(board.failures()).isEmpty();
            });
  }
}
