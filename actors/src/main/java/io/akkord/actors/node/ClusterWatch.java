package io.akkord.actors.node;

import akka.actor.Address;
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

/** Asks all nodes for reports and writes them, and who comes, is silent or lost, on a board. */
public final class ClusterWatch extends AbstractBehavior<ClusterWatch.Command> {
  private static final Duration EVERY = Duration.ofSeconds(2);

  /** Where a run decides; it comes and goes with its run and is no node that anybody started. */
  private static final String DRIVER = "driver";

  /** What the watch can be told. */
  public sealed interface Command extends CborMessage {}

  private record Agents(Set<ActorRef<NodeAgent.Command>> agents) implements Command {}

  private record Told(NodeAgent.Said said) implements Command {}

  private record MemberChanged(ClusterEvent.MemberEvent event) implements Command {}

  private record Reached(ClusterEvent.ReachabilityEvent event) implements Command {}

  private enum Ask implements Command {
    INSTANCE
  }

  private final Clock clock;
  private final NodeBoard board;
  private final Address self;
  private final ActorRef<NodeAgent.Said> reports;
  private Set<ActorRef<NodeAgent.Command>> agents = Set.of();

  /** The watch of this node, which fills the board. */
  public static Behavior<Command> create(Clock clock, NodeBoard board) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new ClusterWatch(context, timers, clock, board)));
  }

  private ClusterWatch(
      ActorContext<Command> context, TimerScheduler<Command> timers, Clock clock, NodeBoard board) {
    super(context);
    this.clock = clock;
    this.board = board;
    this.self = Cluster.get(context.getSystem()).selfMember().address();
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
        .build();
  }

  private Behavior<Command> onAgents(Agents now) {
    agents = now.agents();
    return ask();
  }

  private Behavior<Command> ask() {
    for (ActorRef<NodeAgent.Command> agent : agents) {
      Address address = agent.path().address();
      String from = text(address.hasGlobalScope() ? address : self);
      agent.tell(new NodeAgent.Describe(board.position(from), reports));
    }
    return this;
  }

  private Behavior<Command> onTold(Told told) {
    if (told.said() instanceof NodeEnd end) {
      board.ends(end);
    } else if (told.said() instanceof NodeReport report) {
      board.told(report, clock.millis());
    }
    return this;
  }

  private Behavior<Command> onMember(MemberChanged changed) {
    Member member = changed.event().member();
    if (changed.event() instanceof ClusterEvent.MemberRemoved removed) {
      boolean down = removed.previousStatus() == MemberStatus.down();
      board.removed(text(member.address()), down, clock.millis());
    } else if (!member.address().equals(self)
        && !member.getRoles().contains(DRIVER)
        && coming(member.status())) {
      List<String> roles = List.copyOf(member.getRoles());
      boolean letIn = member.status() == MemberStatus.up();
      board.member(text(member.address()), roles, letIn, clock.millis());
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
    board.reached(text(reached.event().member().address()), reachable);
    return this;
  }

  private static String text(Address address) {
    return address.getHost().get() + ":" + address.getPort().get();
  }
}
