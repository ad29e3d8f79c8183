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
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Subscribe;
import io.akkord.actors.CborMessage;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;

/** Asks all nodes for reports and writes them, and who is silent or lost, on a board. */
public final class ClusterWatch extends AbstractBehavior<ClusterWatch.Command> {
  private static final Duration EVERY = Duration.ofSeconds(2);

  /** What the watch can be told. */
  public sealed interface Command extends CborMessage {}

  private record Agents(Set<ActorRef<NodeAgent.Command>> agents) implements Command {}

  private record Told(NodeReport report) implements Command {}

  private record MemberChanged(ClusterEvent.MemberEvent event) implements Command {}

  private record Reached(ClusterEvent.ReachabilityEvent event) implements Command {}

  private enum Ask implements Command {
    INSTANCE
  }

  private final Clock clock;
  private final NodeBoard board;
  private final Address self;
  private final ActorRef<NodeReport> reports;
  private Set<ActorRef<NodeAgent.Command>> agents = Set.of();

  /** The watch of this node, which fills the board. */
  public static Behavior<Command> create(Clock clock, NodeBoard board) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new ClusterWatch(context, timers, clock, board)));
  }

  private ClusterWatch(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Clock clock,
      NodeBoard board) {
    super(context);
    this.clock = clock;
    this.board = board;
    this.self = Cluster.get(context.getSystem()).selfMember().address();
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
    board.told(told.report(), clock.millis());
    return this;
  }

  private Behavior<Command> onMember(MemberChanged changed) {
    if (changed.event() instanceof ClusterEvent.MemberRemoved removed) {
      board.removed(
          text(removed.member().address()),
          removed.previousStatus() == MemberStatus.down(),
          clock.millis());
    }
    return this;
  }

  private Behavior<Command> onReached(Reached reached) {
    board.reached(
        text(reached.event().member().address()),
        reached.event() instanceof ClusterEvent.UnreachableMember ? "unreachable" : "up");
    return this;
  }

  private static String text(Address address) {
    return address.getHost().get() + ":" + address.getPort().get();
  }
}
