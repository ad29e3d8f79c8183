package io.akkord.actors.node;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.Address;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.receptionist.Receptionist;
import akka.cluster.ClusterEvent;
import akka.cluster.Member;
import akka.cluster.Member$;
import akka.cluster.MemberStatus;
import akka.cluster.UniqueAddress;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import com.typesafe.config.ConfigFactory;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a control node believes of nodes whose reports come twice, late, or from another life. */
class ClusterWatchStaleTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T12:00:00Z"), ZoneOffset.UTC);
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseString(
                  """
                  akka.actor.provider = cluster
                  akka.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                  akka.cluster.jmx.multi-mbeans-in-same-jvm = on
                  akka.cluster.downing-provider-class = ""
                  akka.coordinated-shutdown.exit-jvm = off
                  """)
              .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
              .withFallback(ConfigFactory.load()));
  private static int nodes;

  private final Address address =
      new Address("akka", KIT.system().name(), "10.0.0.1", 7000 + nodes++);
  private final NodeBoard board = new NodeBoard();
  private ActorRef<ClusterWatch.Command> watch;
  private TestProbe<NodeAgent.Command> agent;

  @BeforeAll
  static void formACluster() {
    Cluster cluster = Cluster.get(KIT.system());
    cluster.manager().tell(Join.create(cluster.selfMember().address()));
    Awaitility.await().atMost(LONG).until(() -> cluster.selfMember().status() == MemberStatus.up());
  }

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void start() {
    watch = KIT.spawn(ClusterWatch.create(CLOCK, board));
    agent = KIT.createTestProbe(NodeAgent.Command.class);
    KIT.system().receptionist().tell(Receptionist.register(NodeAgent.KEY, agent.ref()));
  }

  /** It would ask the agents of the tests after it, too. */
  @AfterEach
  void stopTheWatch() {
    KIT.stop(watch, LONG);
  }

  private NodeReport report(long pid, int incarnation) {
    return new NodeReport(
        "node-" + pid,
        "host",
        at(),
        pid,
        List.of("worker"),
        List.of("cpu:0"),
        2,
        100,
        50,
        10,
        1,
        incarnation,
        "AVX2",
        List.of(),
        new NodeLog.Part(pid, List.of()));
  }

  private ActorRef<NodeAgent.Said> asked() {
    return ((NodeAgent.Describe) agent.receiveMessage(LONG)).replyTo();
  }

  /** What is known of this test's node; other tests have nodes of their own. */
  private record Known(List<NodeBoard.Node> nodes, List<NodeBoard.Failure> failures) {}

  private Known status() {
    return new Known(
        board.nodes().stream().filter(n -> n.report().address().equals(at())).toList(),
        board.failures().stream().filter(f -> f.node().contains(at())).toList());
  }

  private String at() {
    return address.getHost().get() + ":" + address.getPort().get();
  }

  private Known awaitStatus(Predicate<Known> what) {
    Awaitility.await()
        .atMost(LONG)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> what.test(status()));
    return status();
  }

  /** As the cluster tells those who have subscribed. */
  private void tell(ClusterEvent.ClusterDomainEvent event) {
    Adapter.toClassic(KIT.system()).eventStream().publish(event);
  }

  private Member member(long uid) {
    return Member$.MODULE$.removed(new UniqueAddress(address, uid));
  }

  private void removed(MemberStatus before) {
    tell(new ClusterEvent.MemberRemoved(member(1), before));
  }

  @Test
  void aReportThatComesTwiceIsOneNodeAndTheNewestCounts() {
    ActorRef<NodeAgent.Said> reports = asked();
    reports.tell(report(1, 1));
    reports.tell(report(1, 1));
    reports.tell(report(1, 2));
    Known status =
        awaitStatus(s -> !s.nodes().isEmpty() && s.nodes().get(0).report().incarnation() == 2);
    assertThat(status.nodes()).hasSize(1);
    assertThat(status.nodes().get(0).heardAt()).isEqualTo(CLOCK.millis());
    assertThat(status.failures()).isEmpty();
  }

  @Test
  void aNodeThatIsSilentIsUnreachableUntilItIsHeardOfAgain() {
    ActorRef<NodeAgent.Said> reports = asked();
    reports.tell(report(2, 1));
    awaitStatus(s -> s.nodes().size() == 1);
    tell(new ClusterEvent.UnreachableMember(member(1)));
    awaitStatus(s -> s.nodes().get(0).state().equals("unreachable"));
    tell(new ClusterEvent.ReachableMember(member(1)));
    awaitStatus(s -> s.nodes().get(0).state().equals("up"));
  }

  @Test
  void aNodeThatWasLostIsAFailureOnceAndALateReportDoesNotBringItBack() {
    ActorRef<NodeAgent.Said> reports = asked();
    reports.tell(report(3, 1));
    awaitStatus(s -> s.nodes().size() == 1);
    removed(MemberStatus.down());
    removed(MemberStatus.down());
    Known status = awaitStatus(s -> s.nodes().isEmpty());
    assertThat(status.failures()).hasSize(1);
    assertThat(status.failures().get(0).node()).contains("node-3", "10.0.0.1", "pid 3");
    assertThat(status.failures().get(0).what()).contains("was lost");
    reports.tell(report(3, 1));
    assertThat(status().nodes()).as("its last report came after its end").isEmpty();
  }

  @Test
  void aNodeThatLeftIsNoFailure() {
    ActorRef<NodeAgent.Said> reports = asked();
    reports.tell(report(4, 1));
    awaitStatus(s -> s.nodes().size() == 1);
    removed(MemberStatus.exiting());
    assertThat(awaitStatus(s -> s.nodes().isEmpty()).failures()).isEmpty();
  }

  @Test
  void theEndOfANodeThatWasNeverHeardOfIsNothing() {
    removed(MemberStatus.down());
    tell(new ClusterEvent.UnreachableMember(member(1)));
    Known status = status();
    assertThat(status.nodes()).isEmpty();
    assertThat(status.failures()).isEmpty();
  }

  @Test
  void anotherProcessAtTheSameAddressIsHeardAgain() {
    ActorRef<NodeAgent.Said> reports = asked();
    reports.tell(report(5, 1));
    awaitStatus(s -> s.nodes().size() == 1);
    removed(MemberStatus.down());
    awaitStatus(s -> s.nodes().isEmpty());
    reports.tell(report(6, 1));
    assertThat(awaitStatus(s -> s.nodes().size() == 1).nodes().get(0).report().pid()).isEqualTo(6);
  }

  @Test
  void anAgentAnswersEveryQuestionWithWhatIsTrueThen() {
    AtomicInteger asked = new AtomicInteger();
    ActorRef<NodeAgent.Command> own =
        KIT.spawn(NodeAgent.create(part -> report(7, asked.incrementAndGet()), NodeLog.create()));
    TestProbe<NodeAgent.Said> probe = KIT.createTestProbe();
    own.tell(new NodeAgent.Describe(NodeLog.Position.NONE, probe.ref()));
    own.tell(new NodeAgent.Describe(NodeLog.Position.NONE, probe.ref()));
    int first = ((NodeReport) probe.receiveMessage(LONG)).incarnation();
    assertThat(((NodeReport) probe.receiveMessage(LONG)).incarnation()).isGreaterThan(first);
    KIT.stop(own, LONG);
  }
}
