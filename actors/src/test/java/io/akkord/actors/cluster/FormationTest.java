package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.typed.ActorSystem;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import com.typesafe.config.ConfigFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Control nodes with real sockets in this JVM. */
class FormationTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<String> control = new ArrayList<>();
  private final List<ClusterNode> started = new ArrayList<>();

  @BeforeEach
  void chooseAddresses() throws Exception {
    List<ServerSocket> sockets = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      sockets.add(socket);
      control.add("127.0.0.1:" + socket.getLocalPort());
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
  }

  @AfterEach
  void stopAll() {
    started.forEach(ClusterNode::close);
  }

  /** The first of its own list, as Akka would let it begin alone. */
  private ClusterNode start(int number, Duration joinWithin) {
    List<String> selfFirst = new ArrayList<>(control);
    selfFirst.remove(number);
    selfFirst.add(0, control.get(number));
    ClusterNode node =
        ClusterNode.start(
            new ClusterNode.Options(
                "127.0.0.1",
                Integer.parseInt(control.get(number).split(":")[1]),
                selfFirst,
                "a-token-of-this-test",
                List.of(ClusterNode.CONTROL),
                joinWithin,
                ConfigFactory.parseString(
                    "akka.cluster { seed-node-timeout = 500ms, retry-unsuccessful-join-after = 500ms }")));
    started.add(node);
    return node;
  }

  @Test
  void aControlNodeThatHearsNobodyBeginsNoClusterAndEndsWithTheReason() {
    ClusterNode alone = start(0, Duration.ofSeconds(3));
    alone.awaitEnd();
    assertThat(alone.joined()).isNotDone();
    assertThat(alone.whyNotJoined())
        .contains("only this one, " + control.get(0) + ", is heard")
        .contains("2 of 3");
  }

  @Test
  void twoBeginOneClusterAndWhoeverIsStartedAgainJoinsIt() throws Exception {
    ClusterNode first = start(0, PATIENCE);
    ClusterNode second = start(1, PATIENCE);
    first.joined().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    second.joined().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(up(first.system())).isEqualTo(up(second.system())).hasSize(2);

    first.close();
    ClusterNode third = start(2, PATIENCE);
    ClusterNode again = start(0, PATIENCE);
    third.joined().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    again.joined().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    for (ClusterNode node : List.of(second, third, again)) {
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(up(node.system())).containsExactlyInAnyOrderElementsOf(control));
    }
  }

  private static List<String> up(ActorSystem<?> system) {
    return StreamSupport.stream(Cluster.get(system).state().getMembers().spliterator(), false)
        .filter(member -> member.status().equals(MemberStatus.up()))
        .map(member -> member.address().getHost().get() + ":" + member.address().getPort().get())
        .toList();
  }
}
