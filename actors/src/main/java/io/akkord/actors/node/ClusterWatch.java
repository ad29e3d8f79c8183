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
import java.util.List;
import java.util.Set;

/** What a control node knows of all nodes: their reports, who is silent, who was lost of late. */
public final class ClusterWatch extends AbstractBehavior<ClusterWatch.Command> {
  private static final Duration EVERY = Duration.ofSeconds(2);

  /** Where a run decides; it comes and goes with its run and is no node that anybody started. */
  private static final String DRIVER = "driver";

  /** What the watch can be told. */
  public sealed interface Command extends CborMessage {}

  /** Say what is known. */
  public record GetStatus(ActorRef<Status> replyTo) implements Command {}

  /**
   * A node as last heard of.
   *
   * @param state up, unreachable or joining
   * @param heardAt milliseconds since 1970; of one that is joining: since when
   * @param why one that is joining is not up yet
   */
  public record Node(NodeReport report, String state, long heardAt, String why)
      implements CborMessage {}

  /** A node that was lost. */
  public record Failure(long at, String node, String what) implements CborMessage {}

  /** Everything, control nodes first. */
  public record Status(List<Node> nodes, List<Failure> failures) implements CborMessage {}

  private record Agents(Set<ActorRef<NodeAgent.Command>> agents) implements Command {}

  private record Told(NodeAgent.Said said) implements Command {}

  private record MemberChanged(ClusterEvent.MemberEvent event) implements Command {}

  private record Reached(ClusterEvent.ReachabilityEvent event) implements Command {}

  private enum Ask implements Command {
    INSTANCE
  }

  private final Clock clock;
  private final WatchedNodes nodes = new WatchedNodes();
  private final ActorRef<NodeAgent.Said> reports;
  private Set<ActorRef<NodeAgent.Command>> agents = Set.of();

  /** The watch of this node. */
  public static Behavior<Command> create(Clock clock) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new ClusterWatch(context, timers, clock)));
  }

  private ClusterWatch(ActorContext<Command> context, TimerScheduler<Command> timers, Clock clock) {
    super(context);
    this.clock = clock;
    this.reports = context.messageAdapter(NodeAgent.Said.class, Told::new);
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
    if (told.said() instanceof NodeEnd end) {
      nodes.ends(end);
    } else if (told.said() instanceof NodeReport report) {
      nodes.told(report, clock.millis());
    }
    return this;
  }

  private Behavior<Command> onMember(MemberChanged changed) {
    Member member = changed.event().member();
    if (changed.event() instanceof ClusterEvent.MemberRemoved removed) {
      boolean down = removed.previousStatus() == MemberStatus.down();
      nodes.removed(address(member), down, clock.millis());
    } else if (!member.getRoles().contains(DRIVER) && coming(member.status())) {
      List<String> roles = List.copyOf(member.getRoles());
      boolean letIn = member.status() == MemberStatus.up();
      nodes.member(address(member), roles, letIn, clock.millis());
    }
    return this;
  }

  private static boolean coming(MemberStatus status) {
    return status == MemberStatus.joining()
        || status == MemberStatus.weaklyUp()
        || status == MemberStatus.up();
  }

  private Behavior<Command> onReached(Reached reached) {
    boolean reachable = !(reached.event() instanceof ClusterEvent.UnreachableMember);
    nodes.reached(address(reached.event().member()), reachable);
    return this;
  }

  private static String address(Member member) {
    return member.address().getHost().get() + ":" + member.address().getPort().get();
  }

  private Behavior<Command> onGet(GetStatus get) {
    get.replyTo().tell(nodes.status());
    return this;
  }
}
