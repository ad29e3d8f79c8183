package io.akkord.actors.node;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.actor.typed.receptionist.Receptionist;
import akka.cluster.ClusterEvent;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Subscribe;
import io.akkord.actors.CborMessage;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a control node knows of all nodes: their reports, who is silent, who was lost of late. */
public final class ClusterWatch extends AbstractBehavior<ClusterWatch.Command> {
  private static final Duration EVERY = Duration.ofSeconds(2);
  private static final int KEPT_FAILURES = 20;
  private static final int KEPT_GONE = 1000;

  /** What the watch can be told. */
  public sealed interface Command extends CborMessage {}

  /** Say what is known. */
  public record GetStatus(ActorRef<Status> replyTo) implements Command {}

  /**
   * A node as last heard of.
   *
   * @param state up, unreachable or joining
   * @param heardAt milliseconds since 1970
   */
  public record Node(NodeReport report, String state, long heardAt) implements CborMessage {}

  /** A node that was lost. */
  public record Failure(long at, String node, String what) implements CborMessage {}

  /** Everything, control nodes first. */
  public record Status(List<Node> nodes, List<Failure> failures) implements CborMessage {}

  private record Agents(Set<ActorRef<NodeAgent.Command>> agents) implements Command {}

  private record Told(NodeReport report) implements Command {}

  private record MemberChanged(ClusterEvent.MemberEvent event) implements Command {}

  private record Reached(ClusterEvent.ReachabilityEvent event) implements Command {}

  private enum Ask implements Command {
    INSTANCE
  }

  private final Clock clock;
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Deque<Failure> failures = new ArrayDeque<>();

  /** The last reports of nodes that are gone, by address: one may come again after its end. */
  private final Map<String, NodeReport> gone = new LinkedHashMap<>();

  private final ActorRef<NodeReport> reports;
  private Set<ActorRef<NodeAgent.Command>> agents = Set.of();

  /** The watch of this node. */
  public static Behavior<Command> create(Clock clock) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new ClusterWatch(context, timers, clock)));
  }

  private ClusterWatch(ActorContext<Command> context, TimerScheduler<Command> timers, Clock clock) {
    super(context);
    this.clock = clock;
    this.reports = context.messageAdapter(NodeReport.class, Told::new);
    context
        .getSystem()
        .receptionist()
        .tell(
            Receptionist.subscribe(
                NodeAgent.KEY,
                context.messageAdapter(
                    Receptionist.Listing.class,
                    listing -> new Agents(listing.getServiceInstances(NodeAgent.KEY)))));
    Cluster cluster = Cluster.get(context.getSystem());
    cluster
        .subscriptions()
        .tell(
            Subscribe.create(
                context.messageAdapter(ClusterEvent.MemberEvent.class, MemberChanged::new),
                ClusterEvent.MemberEvent.class));
    cluster
        .subscriptions()
        .tell(
            Subscribe.create(
                context.messageAdapter(ClusterEvent.ReachabilityEvent.class, Reached::new),
                ClusterEvent.ReachabilityEvent.class));
    timers.startTimerWithFixedDelay(Ask.INSTANCE, EVERY);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Agents.class, this::onAgents)
        .onMessageEquals(Ask.INSTANCE, this::ask)
        .onMessage(Told.class, this::onTold)
        .onMessage(MemberChanged.class, this::onMember)
        .onMessage(Reached.class, this::onReached)
        .onMessage(GetStatus.class, this::onGet)
        .build();
  }

  private Behavior<Command> onAgents(Agents now) {
    agents = now.agents();
    return ask();
  }

  private Behavior<Command> ask() {
    agents.forEach(agent -> agent.tell(new NodeAgent.Describe(reports)));
    return this;
  }

  private Behavior<Command> onTold(Told told) {
    NodeReport report = told.report();
    NodeReport last = gone.get(report.address());
    if (last == null || !sameLife(last, report)) {
      gone.remove(report.address());
      nodes.put(report.address(), new Node(report, "up", clock.millis()));
    }
    return this;
  }

  private static boolean sameLife(NodeReport one, NodeReport other) {
    return one.pid() == other.pid()
        && one.startedAt() == other.startedAt()
        && one.incarnation() == other.incarnation();
  }

  private Behavior<Command> onMember(MemberChanged changed) {
    if (changed.event() instanceof ClusterEvent.MemberRemoved removed) {
      Node node = nodes.remove(address(removed.member()));
      if (node != null) {
        forget(node.report());
      }
      if (node != null && removed.previousStatus() == MemberStatus.down()) {
        failed(node, "was lost: no sign of it, and the cluster goes on without it");
      }
    }
    return this;
  }

  private void forget(NodeReport report) {
    gone.put(report.address(), report);
    if (gone.size() > KEPT_GONE) {
      gone.remove(gone.keySet().iterator().next());
    }
  }

  private Behavior<Command> onReached(Reached reached) {
    String state = reached.event() instanceof ClusterEvent.UnreachableMember ? "unreachable" : "up";
    nodes.computeIfPresent(
        address(reached.event().member()),
        (address, node) -> new Node(node.report(), state, node.heardAt()));
    return this;
  }

  private void failed(Node node, String what) {
    String name =
        "%s (%s, pid %d)"
            .formatted(node.report().node(), node.report().address(), node.report().pid());
    failures.addLast(new Failure(clock.millis(), name, what));
    if (failures.size() > KEPT_FAILURES) {
      failures.removeFirst();
    }
  }

  private static String address(Member member) {
    return member.address().getHost().get() + ":" + member.address().getPort().get();
  }

  private Behavior<Command> onGet(GetStatus get) {
    List<Node> all = new ArrayList<>(nodes.values());
    all.sort(
        java.util.Comparator.comparing((Node n) -> !n.report().roles().contains("control"))
            .thenComparing(n -> n.report().node()));
    get.replyTo().tell(new Status(all, List.copyOf(failures)));
    return this;
  }
}
