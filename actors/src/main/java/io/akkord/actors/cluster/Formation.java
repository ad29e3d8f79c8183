package io.akkord.actors.cluster;

import akka.actor.Address;
import akka.actor.AddressFromURIString;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import akka.cluster.typed.JoinSeedNodes;
import io.akkord.actors.CborMessage;
import io.akkord.actors.cluster.FormationPolicy.Decision;
import io.akkord.actors.cluster.FormationPolicy.Verdict;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Brings one of several control nodes into the cluster: asks the others, joins the cluster that one
 * of them has, and begins one only as {@link FormationPolicy} allows.
 */
public final class Formation extends AbstractBehavior<Formation.Command> {
  /** What control nodes say to each other before they have a cluster. */
  public sealed interface Command extends CborMessage {}

  /** I have no cluster; have you? */
  public record AreYouThere(String from, ActorRef<Command> replyTo) implements Command {}

  /** I am. */
  public record Here(String from, boolean member) implements Command {}

  private enum Tick implements Command {
    TICK
  }

  /** Its name among the actors of a system. */
  static final String NAME = "formation";

  private static final Duration EVERY = Duration.ofSeconds(1);

  /** Who has not answered for so long is not there. */
  private static final Duration LATELY = Duration.ofSeconds(4);

  /** All are started at about the same time; what lasts longer is told. */
  private static final Duration TELL_AFTER = Duration.ofSeconds(5);

  private record Heard(boolean member, long nanos) {}

  private final List<String> control;
  private final String self;
  private final Consumer<String> reasons;
  private final Cluster cluster;
  private final Map<String, Heard> heard = new HashMap<>();
  private Decision now;
  private long since;
  private boolean told;

  private Formation(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      List<String> control,
      String self,
      Consumer<String> reasons) {
    super(context);
    this.control = control;
    this.self = self;
    this.reasons = reasons;
    this.cluster = Cluster.get(context.getSystem());
    timers.startTimerWithFixedDelay(Tick.TICK, Duration.ZERO, EVERY);
  }

  /**
   * Of a node that is in no cluster yet.
   *
   * @param control host:port of all control nodes
   * @param self this one's
   * @param reasons told why it has not begun or joined a cluster, when that changes
   */
  static Behavior<Command> create(List<String> control, String self, Consumer<String> reasons) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(timers -> new Formation(context, timers, control, self, reasons)));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(AreYouThere.class, this::onAreYouThere)
        .onMessage(Here.class, this::onHere)
        .onMessageEquals(Tick.TICK, this::onTick)
        .build();
  }

  private boolean member() {
    MemberStatus status = cluster.selfMember().status();
    return status.equals(MemberStatus.up())
        || status.equals(MemberStatus.weaklyUp())
        || status.equals(MemberStatus.joining());
  }

  private Behavior<Command> onAreYouThere(AreYouThere question) {
    question.replyTo().tell(new Here(self, member()));
    return this;
  }

  private Behavior<Command> onHere(Here answer) {
    heard.put(answer.from(), new Heard(answer.member(), System.nanoTime()));
    return this;
  }

  private Behavior<Command> onTick() {
    if (!cluster.selfMember().status().equals(MemberStatus.removed()) || cluster.isTerminated()) {
      return this;
    }
    boolean first = now == null;
    heard.values().removeIf(h -> System.nanoTime() - h.nanos() > LATELY.toNanos());
    Map<String, Boolean> others = new HashMap<>();
    heard.forEach((address, h) -> others.put(address, h.member()));
    Decision decision = FormationPolicy.decide(control, self, others);
    if (!decision.equals(now)) {
      now = decision;
      since = System.nanoTime();
      told = false;
      reasons.accept(decision.reason());
      act(decision.verdict(), first);
    } else if (!told && System.nanoTime() - since > TELL_AFTER.toNanos()) {
      told = true;
      getContext().getLog().warn("not part of a cluster yet: {}", decision.reason());
    }
    control.stream().filter(address -> !address.equals(self)).forEach(this::ask);
    return this;
  }

  private void act(Verdict verdict, boolean first) {
    if (verdict == Verdict.BEGIN) {
      cluster.manager().tell(Join.create(cluster.selfMember().address()));
    } else if (first || verdict == Verdict.JOIN) {
      // Without this node among them nobody begins a cluster of his own; Akka asks until one has
      // it.
      List<Address> others =
          control.stream()
              .filter(address -> !address.equals(self))
              .map(address -> AddressFromURIString.parse(uri(address)))
              .toList();
      cluster.manager().tell(new JoinSeedNodes(others));
    }
  }

  private void ask(String address) {
    Adapter.toClassic(getContext().getSystem())
        .actorSelection(uri(address) + "/system/" + NAME)
        .tell(new AreYouThere(self, getContext().getSelf()), akka.actor.ActorRef.noSender());
  }

  private String uri(String address) {
    return "akka://%s@%s".formatted(getContext().getSystem().name(), address);
  }
}
