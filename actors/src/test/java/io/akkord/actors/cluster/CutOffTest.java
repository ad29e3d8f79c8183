package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.cluster.typed.Cluster;
import akka.cluster.typed.Down;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A node that has ended knows whether a cluster was there that it may join again. */
class CutOffTest {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private static ClusterNode start(List<String> seeds, Duration joinWithin, String settings) {
    Config config = ConfigFactory.parseString(settings);
    return ClusterNode.start(
        new ClusterNode.Options(
            "127.0.0.1",
            0,
            seeds,
            "a-token-of-this-test",
            List.of(seeds.isEmpty() ? ClusterNode.CONTROL : ClusterNode.WORKER),
            joinWithin,
            config));
  }

  private static void awaitMembers(ClusterNode head, int number) {
    Awaitility.await()
        .atMost(DEADLINE)
        .until(
            () ->
                StreamSupport.stream(
                            Cluster.get(head.system()).state().getMembers().spliterator(), false)
                        .count()
                    == number);
  }

  private static void putOut(ClusterNode head, ClusterNode node) throws Exception {
    CompletableFuture<Void> ended = CompletableFuture.runAsync(node::awaitEnd);
    assertThat(node.cutOff()).isFalse();
    Cluster.get(head.system())
        .manager()
        .tell(new Down(Cluster.get(node.system()).selfMember().address()));
    ended.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  /** As one is whose head dies while it lets the node in. */
  @Test
  void aNodeThatIsPutOutBeforeItWasLetInKnowsOfTheCluster() throws Exception {
    try (ClusterNode head = start(List.of(), null, "akka.cluster.min-nr-of-members = 3");
        ClusterNode node = start(List.of(head.address()), DEADLINE, "")) {
      awaitMembers(head, 2);
      putOut(head, node);
      assertThat(node.joined()).isNotDone();
      assertThat(node.cutOff()).isTrue();
    }
  }

  @Test
  void aMemberThatIsPutOutKnowsOfIt() throws Exception {
    try (ClusterNode head = start(List.of(), null, "");
        ClusterNode node = start(List.of(head.address()), DEADLINE, "")) {
      node.joined().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
      putOut(head, node);
      assertThat(node.cutOff()).isTrue();
    }
  }

  @Test
  void aNodeThatFindsNoHeadWasNeverCutOff() throws Exception {
    String nobody;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = "127.0.0.1:" + free.getLocalPort();
    }
    try (ClusterNode node = start(List.of(nobody), Duration.ofSeconds(2), "")) {
      node.awaitEnd();
      assertThat(node.joined()).isNotDone();
      assertThat(node.cutOff()).isFalse();
    }
  }
}
