package io.akkord.actors.node;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorSystem;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import akka.cluster.typed.Leave;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.run.ActorTree;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two real members: what the second says is known to the first, and stays when it has gone. */
class ClusterWatchTest {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private final ActorTestKit head = ActorTestKit.create("akkord", config());
  private final ActorTestKit worker = ActorTestKit.create("akkord", config());

  private static Config config() {
    return ConfigFactory.parseString(
            """
            akka {
              actor.provider = cluster
              remote.artery.canonical { hostname = 127.0.0.1, port = 0 }
              cluster {
                jmx.enabled = off
                gossip-interval = 100 ms
                leader-actions-interval = 100 ms
                periodic-tasks-initial-delay = 100 ms
                failure-detector.acceptable-heartbeat-pause = 30 s
                configuration-compatibility-check.checkers.akkord-token = ""
              }
            }
            """)
        .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
        .withFallback(ConfigFactory.load());
  }

  @AfterEach
  void stop() {
    worker.shutdownTestKit();
    head.shutdownTestKit();
  }

  private static String address(ActorSystem<?> system) {
    var address = Cluster.get(system).selfMember().address();
    return address.getHost().get() + ":" + address.getPort().get();
  }

  private static NodeReport report(ActorSystem<?> system, NodeLog.Part part) {
    return ThisNode.report(
        "second",
        address(system),
        List.of("worker"),
        List.of("cpu:0"),
        1,
        "avx2",
        List.of(new ActorTree.Row("host-of-second", 0, "running", 3)),
        part);
  }

  /** Those that have reported; the first member has no agent here. */
  private static List<NodeBoard.Node> up(NodeBoard board) {
    return board.nodes().stream().filter(node -> node.state().equals("up")).toList();
  }

  @Test
  void theLinesOfANodeComeWithItsReportsAndOutliveIt() {
    Cluster first = Cluster.get(head.system());
    first.manager().tell(Join.create(first.selfMember().address()));
    Cluster second = Cluster.get(worker.system());
    second.manager().tell(Join.create(first.selfMember().address()));
    NodeLog log = NodeLog.create();
    log.add(1, "info", "node", "I am here");
    worker.spawn(NodeAgent.create(part -> report(worker.system(), part), log));
    NodeBoard board = new NodeBoard();
    head.spawn(ClusterWatch.create(Clock.systemUTC(), board));
    Awaitility.await().atMost(DEADLINE).until(() -> !up(board).isEmpty());
    NodeReport seen = up(board).get(0).report();
    assertThat(seen.rssBytes()).isPositive();
    assertThat(seen.actors()).containsExactly(new ActorTree.Row("host-of-second", 0, "running", 3));
    log.add(2, "warn", "parameter-server", "it is late");
    Awaitility.await().atMost(DEADLINE).until(() -> board.said().get(0).lines().size() == 2);

    second.manager().tell(Leave.create(second.selfMember().address()));
    Awaitility.await().atMost(DEADLINE).until(() -> up(board).isEmpty());
    assertThat(board.failures()).as("it was not lost").isEmpty();
    assertThat(board.said()).hasSize(1);
    assertThat(board.said().get(0).lines())
        .extracting(line -> line.level() + " " + line.actor() + ": " + line.text())
        .containsExactly("info node: I am here", "warn parameter-server: it is late");
  }
}
