package io.akkord.actors.takeover;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.worker.WorkerHost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * Asks every host what it has kept of a run, before an attempt begins. Ends when everybody has
 * answered and it is enough or nothing, else at its deadline, with what has been said by then.
 */
public final class SliceSurvey extends AbstractBehavior<SliceSurvey.Command> {
  private static final Duration ASK_AGAIN = Duration.ofSeconds(1);

  /** With everything found, who does not answer is waited for this share of the deadline. */
  private static final int GRACE_SHARE = 10;

  /** What it can be told. */
  public sealed interface Command extends CborMessage {}

  /** The hosts that are there now. */
  public record Hosts(Set<ActorRef<WorkerHost.Command>> hosts) implements Command {}

  /** All that a host has kept of the run. */
  public record Holds(ActorRef<WorkerHost.Command> host, List<KeptCopy> copies)
      implements Command {}

  private enum Again implements Command {
    INSTANCE
  }

  private enum Over implements Command {
    INSTANCE
  }

  private enum Grace implements Command {
    INSTANCE
  }

  /**
   * What it asks for.
   *
   * @param attempt that is to begin; what earlier ones left is asked for
   * @param expected hosts that are to be heard before nothing means nothing
   * @param enough whether an attempt can go on from these
   */
  public record Question(
      String runId,
      long attempt,
      int expected,
      Duration deadline,
      Predicate<List<KeptCopy>> enough) {}

  private final Question question;
  private final CompletableFuture<List<KeptCopy>> result;
  private final TimerScheduler<Command> timers;
  private final Set<ActorRef<WorkerHost.Command>> hosts = new LinkedHashSet<>();
  private final Map<ActorRef<WorkerHost.Command>, List<KeptCopy>> answers = new LinkedHashMap<>();

  /**
   * A survey.
   *
   * @param result completes with what was found
   */
  public static Behavior<Command> create(
      Question question, CompletableFuture<List<KeptCopy>> result) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(timers -> new SliceSurvey(context, timers, question, result)));
  }

  private SliceSurvey(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Question question,
      CompletableFuture<List<KeptCopy>> result) {
    super(context);
    this.question = question;
    this.result = result;
    this.timers = timers;
    timers.startSingleTimer(Over.INSTANCE, question.deadline());
    timers.startTimerWithFixedDelay(Again.INSTANCE, ASK_AGAIN);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Hosts.class, this::onHosts)
        .onMessage(Holds.class, this::onHolds)
        .onMessageEquals(Again.INSTANCE, this::onAgain)
        .onMessageEquals(Grace.INSTANCE, this::end)
        .onMessageEquals(Over.INSTANCE, this::onOver)
        .build();
  }

  private Behavior<Command> onHosts(Hosts now) {
    hosts.retainAll(now.hosts());
    answers.keySet().retainAll(now.hosts());
    for (ActorRef<WorkerHost.Command> host : now.hosts()) {
      if (hosts.add(host)) {
        ask(host);
      }
    }
    return endWhenKnown();
  }

  private void ask(ActorRef<WorkerHost.Command> host) {
    host.tell(
        new WorkerHost.WhatIsLeft(
            question.runId(), question.attempt(), getContext().getSelf().narrow()));
  }

  private Behavior<Command> onAgain() {
    hosts.stream().filter(host -> !answers.containsKey(host)).forEach(this::ask);
    return this;
  }

  private Behavior<Command> onHolds(Holds holds) {
    if (hosts.contains(holds.host())) {
      answers.putIfAbsent(holds.host(), holds.copies());
    }
    return endWhenKnown();
  }

  private List<KeptCopy> found() {
    List<KeptCopy> found = new ArrayList<>();
    answers.values().forEach(found::addAll);
    return found;
  }

  private Behavior<Command> endWhenKnown() {
    List<KeptCopy> found = found();
    boolean all = answers.keySet().containsAll(hosts);
    boolean enough = !found.isEmpty() && question.enough().test(found);
    boolean nothing = found.isEmpty() && hosts.size() >= question.expected();
    if (all && (enough || nothing)) {
      return end();
    }
    if (enough && !timers.isTimerActive(Grace.INSTANCE)) {
      timers.startSingleTimer(Grace.INSTANCE, question.deadline().dividedBy(GRACE_SHARE));
    }
    return this;
  }

  private Behavior<Command> onOver() {
    List<ActorRef<WorkerHost.Command>> silent =
        hosts.stream().filter(host -> !answers.containsKey(host)).toList();
    getContext()
        .getLog()
        .warn(
            "run {}: {} of {} hosts have said within {} what they have kept; silent: {}",
            question.runId(),
            answers.size(),
            Math.max(question.expected(), hosts.size()),
            question.deadline(),
            silent);
    return end();
  }

  private Behavior<Command> end() {
    result.complete(found());
    return Behaviors.stopped();
  }
}
