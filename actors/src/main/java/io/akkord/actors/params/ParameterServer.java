package io.akkord.actors.params;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.params.StepBarrier.Outcome;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.model.objective.Moments;
import io.akkord.model.objective.Objective;
import io.akkord.model.optim.LrSchedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The step barrier (one a run): all scores in → μ and σ out; all slice sums in → one decision out,
 * which is the commit. Sends every committed step to the ledger until it is acknowledged, with a
 * bounded number under way.
 */
public final class ParameterServer extends AbstractBehavior<ParameterServer.Command> {
  private static final Object DEADLINE = "step-deadline";
  private static final Object RESEND = "resend";

  /** What the parameter server can be told. */
  public sealed interface Command extends CborMessage {}

  /** Step {@code step} is the first; its parameters are on their way to the workers. */
  public record Begin(
      long step,
      long adamSteps,
      Assignment assignment,
      Map<String, ActorRef<GpuWorker.Command>> workers,
      List<ActorRef<ParameterShard.Command>> shards,
      ActorRef<Supervisor.Command> supervisor)
      implements Command {}

  /** The workers or their shares changed. */
  public record Reassign(
      Assignment assignment, Map<String, ActorRef<GpuWorker.Command>> workers, String reason)
      implements Command {}

  /** What was due after so many steps is done: the workers compute again. */
  public record Resumed(long committedSteps) implements Command {}

  /** Commits the step in flight, has the parameters saved and goes no further. */
  public record Halt(String reason) implements Command {}

  /** A worker's scores of some shards of a step. */
  public record Scored(
      long attempt, long step, long assignment, String worker, List<ShardScore> scores)
      implements Command {}

  /** A slice's gradient is summed: squared norm by block. */
  @SuppressWarnings("ArrayRecordComponent")
  public record SliceSummed(long attempt, long step, long assignment, int slice, double[] squares)
      implements Command {}

  private record Stored(long step) implements Command {}

  private enum Overdue implements Command {
    INSTANCE
  }

  private enum Resend implements Command {
    INSTANCE
  }

  private final RunFacts facts;
  private final ActorRef<Ledger.Command> ledger;
  private final TimerScheduler<Command> timers;
  private final ActorRef<Ledger.StepStored> storedAdapter;
  private final Objective objective;
  private final LrSchedule schedule;
  private final TreeMap<Long, Ledger.CommitStep> unacknowledged = new TreeMap<>();
  private ActorRef<Supervisor.Command> supervisor;
  private List<ActorRef<ParameterShard.Command>> shards = List.of();
  private Map<String, ActorRef<GpuWorker.Command>> workers = Map.of();
  private Assignment assignment;
  private StepBarrier barrier;
  private Moments moments;
  private Moments previousMoments;
  private StepReport report;
  private Runnable heldBack;
  private long adamSteps;
  private long stepStartedNanos;
  private boolean halting;

  /** The barrier of one attempt. */
  public static Behavior<Command> create(RunFacts facts, ActorRef<Ledger.Command> ledger) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(timers -> new ParameterServer(context, timers, facts, ledger)));
  }

  private ParameterServer(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      RunFacts facts,
      ActorRef<Ledger.Command> ledger) {
    super(context);
    this.timers = timers;
    this.facts = facts;
    this.ledger = ledger;
    this.objective = facts.plan().recipe().objective();
    this.schedule = facts.plan().lrSchedule();
    this.storedAdapter =
        context.messageAdapter(Ledger.StepStored.class, stored -> new Stored(stored.step()));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Begin.class, this::onBegin)
        .onMessage(Reassign.class, this::onReassign)
        .onMessage(Resumed.class, this::onResumed)
        .onMessage(Halt.class, this::onHalt)
        .onMessage(Scored.class, this::onScored)
        .onMessage(SliceSummed.class, this::onSliceSummed)
        .onMessage(Stored.class, this::onStored)
        .onMessageEquals(Overdue.INSTANCE, this::onOverdue)
        .onMessageEquals(Resend.INSTANCE, this::onResend)
        .build();
  }

  private Behavior<Command> onBegin(Begin begin) {
    assignment = begin.assignment();
    workers = Map.copyOf(begin.workers());
    adamSteps = begin.adamSteps();
    supervisor = begin.supervisor();
    shards = List.copyOf(begin.shards());
    startStep(begin.step());
    workers.forEach(
        (id, worker) ->
            worker.tell(
                new GpuWorker.Assigned(
                    facts.attempt(),
                    begin.step(),
                    assignment.number(),
                    assignment.shardsOf(id),
                    assignment.shardsOf(id))));
    return this;
  }

  private void startStep(long step) {
    barrier =
        new StepBarrier(step, facts.plan().logicalShards(), shards.size(), assignment.number());
    moments = null;
    report = null;
    stepStartedNanos = System.nanoTime();
    expect();
    if (!facts.waitsAfter(step)) {
      armDeadline();
    }
  }

  private void armDeadline() {
    timers.startSingleTimer(DEADLINE, Overdue.INSTANCE, facts.settings().deadlines().step());
  }

  /** A cycle may take longer than a step may: the step's time begins when it is over. */
  private Behavior<Command> onResumed(Resumed resumed) {
    if (barrier != null && barrier.step() == resumed.committedSteps()) {
      stepStartedNanos = System.nanoTime();
      armDeadline();
    }
    return this;
  }

  /** Tells the slices under which assignment each shard's gradient counts. */
  private void expect() {
    long[] assignments = barrier.assignments();
    shards.forEach(shard -> shard.tell(new ParameterShard.Expect(barrier.step(), assignments)));
  }

  /** The shards of owners that changed are computed anew for the step in flight. */
  private Behavior<Command> onReassign(Reassign change) {
    Assignment old = assignment;
    assignment = change.assignment();
    workers = Map.copyOf(change.workers());
    if (barrier == null) {
      return this;
    }
    List<Integer> moved = new ArrayList<>();
    for (int shard = 0; shard < old.owners().size(); shard++) {
      if (!workers.containsKey(old.owners().get(shard))) {
        moved.add(shard);
      }
    }
    barrier.reassign(assignment.number(), moved);
    // Its sums are void; those under the new assignment decide again.
    heldBack = null;
    getContext()
        .getLog()
        .info("step {}: shards {} move, {}", barrier.step(), moved, change.reason());
    expect();
    workers.forEach(
        (id, worker) -> {
          List<Integer> all = assignment.shardsOf(id);
          List<Integer> now = all.stream().filter(moved::contains).toList();
          worker.tell(
              new GpuWorker.Assigned(
                  facts.attempt(), barrier.step(), assignment.number(), now, all));
        });
    return this;
  }

  private Behavior<Command> onHalt(Halt halt) {
    halting = true;
    return this;
  }

  private Behavior<Command> onScored(Scored scored) {
    if (scored.attempt() != facts.attempt() || barrier == null) {
      return this;
    }
    Outcome last = new Outcome.Waiting();
    for (ShardScore score : scored.scores()) {
      Outcome outcome = barrier.score(scored.step(), scored.assignment(), score);
      if (outcome instanceof Outcome.Ignored ignored) {
        getContext().getLog().debug("ignored: {}", ignored.reason());
      } else {
        last = outcome;
      }
    }
    if (moments != null && workers.containsKey(scored.worker())) {
      // A share that moved after the barrier: its new owner needs the moments that all others have.
      workers.get(scored.worker()).tell(momentsMessage());
    } else if (last instanceof Outcome.Scored all) {
      open(all.scores());
    } else {
      notFinite(last);
    }
    return this;
  }

  private void open(List<ShardScore> scores) {
    moments = StepWeights.moments(objective, scores, previousMoments);
    long epoch = facts.plan().batch(barrier.step()).epoch();
    report = StepWeights.report(objective, barrier.step(), epoch, scores, moments);
    workers.values().forEach(worker -> worker.tell(momentsMessage()));
  }

  private GpuWorker.StepMoments momentsMessage() {
    return new GpuWorker.StepMoments(
        facts.attempt(),
        barrier.step(),
        moments.mean(),
        moments.std(),
        moments.count(),
        report.samples(),
        report.tokens());
  }

  private Behavior<Command> onSliceSummed(SliceSummed summed) {
    if (summed.attempt() != facts.attempt() || barrier == null) {
      return this;
    }
    Outcome outcome =
        barrier.summed(summed.step(), summed.assignment(), summed.slice(), summed.squares());
    if (outcome instanceof Outcome.Summed all) {
      whenLedgerKeepsUp(() -> commit(all.norm(), null));
    } else {
      notFinite(outcome);
    }
    return this;
  }

  /** Computes the step once more with every share moved to the next worker, then gives it up. */
  private void notFinite(Outcome outcome) {
    if (outcome instanceof Outcome.Skip skip) {
      whenLedgerKeepsUp(() -> commit(Double.NaN, skip.reason()));
    } else if (outcome instanceof Outcome.Recompute again) {
      getContext().getLog().warn("{}; it is computed once more", again.reason());
      List<String> ids = assignment.owners().stream().distinct().toList();
      List<String> next =
          assignment.owners().stream()
              .map(id -> ids.get((ids.indexOf(id) + 1) % ids.size()))
              .toList();
      assignment = new Assignment(assignment.number() + 1, next);
      moments = null;
      barrier.recompute(assignment.number());
      supervisor.tell(new Supervisor.AssignmentMoved(assignment));
      expect();
      workers.forEach(
          (id, worker) ->
              worker.tell(
                  new GpuWorker.Assigned(
                      facts.attempt(),
                      barrier.step(),
                      assignment.number(),
                      assignment.shardsOf(id),
                      assignment.shardsOf(id))));
    }
  }

  private void whenLedgerKeepsUp(Runnable commit) {
    if (unacknowledged.size() < facts.settings().ledger().maxUnacknowledged()) {
      commit.run();
    } else {
      heldBack = commit;
    }
  }

  private void commit(double norm, String skip) {
    long step = barrier.step();
    double limit = facts.plan().recipe().maxGradNorm();
    double scale = Math.min(1, limit / (norm + 1e-6));
    boolean clip = skip == null && scale < 1;
    double rate = schedule.at(step);
    adamSteps += skip == null ? 1 : 0;
    long committed = step + 1;
    boolean last = halting || committed == facts.plan().totalSteps();
    boolean snapshot = last || facts.plan().after(committed).checkpoint();
    StepReport scored = report != null ? report : unscored();
    StepReport done =
        scored.committed(norm, clip, rate, (System.nanoTime() - stepStartedNanos) / 1e9, skip);
    store(step, done, skip != null);
    ParameterShard.Apply apply =
        new ParameterShard.Apply(
            facts.attempt(), step, clip ? scale : 1, rate, adamSteps, skip != null, snapshot);
    shards.forEach(shard -> shard.tell(apply));
    if (skip == null) {
      previousMoments = Moments.of(StepWeights.costs(barrier.scores()));
    }
    timers.cancel(DEADLINE);
    barrier = null;
    supervisor.tell(new Supervisor.StepCommitted(committed, adamSteps, done, last));
    if (!last) {
      startStep(committed);
    }
  }

  /** A step whose scores are not finite has no statistics. */
  private StepReport unscored() {
    List<ShardScore> scores = barrier.scores();
    return StepReport.scored(
        barrier.step(),
        facts.plan().batch(barrier.step()).epoch(),
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        scores.stream().flatMapToInt(s -> Arrays.stream(s.tokens())).sum(),
        scores.stream().mapToInt(s -> s.costs().length).sum());
  }

  private void store(long step, StepReport done, boolean skipped) {
    List<ShardScore> scores = barrier.scores();
    double[] costs = StepWeights.costs(scores);
    float[] narrow = new float[costs.length];
    for (int i = 0; i < costs.length; i++) {
      narrow[i] = (float) costs[i];
    }
    Ledger.CommitStep commit =
        new Ledger.CommitStep(
            step,
            scores.stream().flatMapToInt(s -> Arrays.stream(s.samples())).toArray(),
            narrow,
            done.mu(),
            done.sigma(),
            skipped,
            storedAdapter);
    unacknowledged.put(step, commit);
    ledger.tell(commit);
    if (!timers.isTimerActive(RESEND)) {
      armResend();
    }
  }

  private void armResend() {
    timers.startSingleTimer(
        RESEND, Resend.INSTANCE, facts.settings().deadlines().ledgerAcknowledgement());
  }

  private Behavior<Command> onStored(Stored stored) {
    unacknowledged.headMap(stored.step(), true).clear();
    if (unacknowledged.isEmpty()) {
      timers.cancel(RESEND);
    } else {
      armResend();
    }
    if (heldBack != null && unacknowledged.size() < facts.settings().ledger().maxUnacknowledged()) {
      Runnable commit = heldBack;
      heldBack = null;
      commit.run();
    }
    return this;
  }

  private Behavior<Command> onResend() {
    getContext()
        .getLog()
        .warn(
            "the ledger has not acknowledged steps {} for {}; they are sent again",
            unacknowledged.keySet(),
            facts.settings().deadlines().ledgerAcknowledgement());
    unacknowledged.values().forEach(ledger::tell);
    armResend();
    return this;
  }

  /** Names who is waited for; the supervisor decides what becomes of them. */
  private Behavior<Command> onOverdue() {
    if (heldBack != null) {
      supervisor.tell(
          new Supervisor.StepOverdue(
              barrier.step(),
              List.of(),
              "step %d waited %s for the ledger, which has not acknowledged steps %s"
                  .formatted(
                      barrier.step(),
                      facts.settings().deadlines().step(),
                      unacknowledged.keySet())));
      return this;
    }
    List<String> late =
        barrier.unscored().stream().map(assignment.owners()::get).distinct().toList();
    String reason =
        late.isEmpty()
            ? "the sums of slices %s".formatted(barrier.unsummed())
            : "the scores of shards %s".formatted(barrier.unscored());
    supervisor.tell(
        new Supervisor.StepOverdue(
            barrier.step(),
            late,
            "step %d waited %s for %s"
                .formatted(barrier.step(), facts.settings().deadlines().step(), reason)));
    armDeadline();
    return this;
  }
}
