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
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The step barrier (one a run): all scores in → μ and σ out; all slice sums in → one decision out,
 * which is the commit. Sends every committed step to the ledger until it is acknowledged, with a
 * bounded number under way.
 */
public final class ParameterServer extends AbstractBehavior<ParameterServer.Command> {
  /** Of a batch whose step is skipped, in the message. */
  private static final int NAMED_SAMPLES = 32;

  private static final Object DEADLINE = "step-deadline";
  private static final Object POLL = "poll";

  /** Workers have this share of the step's deadline to answer. */
  private static final int POLL_SHARE = 4;

  /** What the parameter server can be told. */
  public sealed interface Command extends CborMessage {}

  /**
   * Step {@code step} is the first; its parameters are on their way to the workers.
   *
   * @param empty by slice, ids of the holders that another one of the slice fills
   * @param previous statistics of the step before, where they are known; or null
   */
  public record Begin(
      long step,
      long adamSteps,
      Assignment assignment,
      Map<String, ActorRef<GpuWorker.Command>> workers,
      List<List<Holder>> holders,
      List<Set<String>> empty,
      Moments previous,
      ActorRef<Supervisor.Command> supervisor)
      implements Command {}

  /**
   * A worker was lost: its shares go to others, and the slices it kept are left to their copies.
   */
  public record Reassign(
      Assignment assignment,
      Map<String, ActorRef<GpuWorker.Command>> workers,
      String lost,
      String reason)
      implements Command {}

  /** Shares from the next step on: a worker came late, or leaves. */
  public record Rebalance(Assignment assignment, Map<String, ActorRef<GpuWorker.Command>> workers)
      implements Command {}

  /** A new, empty copy of a slice: it is filled at the next step and counts from then on. */
  public record AddHolder(int slice, Holder holder) implements Command {}

  /**
   * A worker leaves: it is let go between two steps, when it has no share and others have summed
   * with its slices.
   *
   * @param copies of each of its slices that others must keep
   */
  public record Drain(String worker, int copies) implements Command {}

  /**
   * What was due after so many steps is done: the workers compute again.
   *
   * @param table the rewrites in force from here on
   */
  public record Resumed(long committedSteps, Ledger.TableStamp table) implements Command {}

  /** Commits the step in flight, has the parameters saved and goes no further. */
  public record Halt(String reason) implements Command {}

  /**
   * A worker's scores of some shards of a step.
   *
   * @param before where its time went in the step before; null if that is not known
   */
  public record Scored(
      long attempt,
      long step,
      long assignment,
      String worker,
      List<ShardScore> scores,
      WorkerPhases before)
      implements Command {}

  /** A slice's gradient is summed: squared norm by block. */
  @SuppressWarnings("ArrayRecordComponent")
  public record SliceSummed(
      long attempt, long step, long assignment, int slice, String holder, double[] squares)
      implements Command {}

  /** A worker lives; {@code pushed}: its gradient of the step is on its way. */
  public record Position(String worker, long step, boolean pushed) implements Command {}

  private record Stored(long step) implements Command {}

  private enum PollOver implements Command {
    INSTANCE
  }

  private enum Overdue implements Command {
    INSTANCE
  }

  private enum Resend implements Command {
    INSTANCE
  }

  private final RunFacts facts;
  private final TimerScheduler<Command> timers;
  private final Objective objective;
  private final LrSchedule schedule;
  private final UnacknowledgedSteps<Command> unacknowledged;
  private ActorRef<Supervisor.Command> supervisor;
  private SliceHolders holders = new SliceHolders(List.of());
  private final List<AddHolder> newHolders = new ArrayList<>();
  private final Map<String, Integer> draining = new TreeMap<>();
  private final Set<ActorRef<GpuWorker.Command>> letGo = new HashSet<>();
  private final StepPoll poll = new StepPoll(System::nanoTime);
  private final List<WorkerPhases> phases = new ArrayList<>();
  private Rebalance rebalance;
  private Map<String, ActorRef<GpuWorker.Command>> workers = Map.of();
  private Assignment assignment;
  private StepBarrier barrier;
  private Moments moments;
  private Moments previousMoments;
  private Ledger.TableStamp table;
  private StepReport report;
  private long adamSteps;
  private long stepStartedNanos;
  private long resumedAfter = -1;
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
    this.objective = facts.plan().recipe().objective();
    this.schedule = facts.plan().lrSchedule();
    this.unacknowledged =
        new UnacknowledgedSteps<>(
            ledger,
            context.messageAdapter(Ledger.StepStored.class, stored -> new Stored(stored.step())),
            timers,
            Resend.INSTANCE,
            facts.settings());
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Begin.class, this::onBegin)
        .onMessage(Reassign.class, this::onReassign)
        .onMessage(Rebalance.class, this::onRebalance)
        .onMessage(AddHolder.class, this::onAddHolder)
        .onMessage(Drain.class, this::onDrain)
        .onMessage(Resumed.class, this::onResumed)
        .onMessage(Halt.class, this::onHalt)
        .onMessage(Scored.class, this::onScored)
        .onMessage(SliceSummed.class, this::onSliceSummed)
        .onMessage(Stored.class, this::onStored)
        .onMessage(Position.class, this::onPosition)
        .onMessageEquals(PollOver.INSTANCE, this::onPollOver)
        .onMessageEquals(Overdue.INSTANCE, this::onOverdue)
        .onMessageEquals(Resend.INSTANCE, this::onResend)
        .build();
  }

  private Behavior<Command> onBegin(Begin begin) {
    assignment = begin.assignment();
    workers = inOrder(begin.workers());
    adamSteps = begin.adamSteps();
    supervisor = begin.supervisor();
    previousMoments = begin.previous();
    holders = new SliceHolders(begin.holders(), begin.empty());
    tellHolders();
    startStep(begin.step());
    assignAll();
    return this;
  }

  /** The order of Map.copyOf changes with every JVM; what is sent must not. */
  private Map<String, ActorRef<GpuWorker.Command>> inOrder(
      Map<String, ActorRef<GpuWorker.Command>> some) {
    Map<String, ActorRef<GpuWorker.Command>> sorted = new TreeMap<>(some);
    // Whoever sent these may not know yet who was let go.
    sorted.values().removeAll(letGo);
    return Collections.unmodifiableMap(sorted);
  }

  /** The whole share of the step in flight and of all later ones. */
  private void assignAll() {
    workers.forEach(
        (id, worker) ->
            worker.tell(
                new GpuWorker.Assigned(
                    facts.attempt(),
                    barrier.step(),
                    assignment.number(),
                    true,
                    assignment.shardsOf(id),
                    assignment.shardsOf(id))));
  }

  private void tellHolders() {
    GpuWorker.Holders now = new GpuWorker.Holders(facts.attempt(), holders.lanes());
    workers.values().forEach(worker -> worker.tell(now));
  }

  private Behavior<Command> onRebalance(Rebalance change) {
    rebalance = change;
    return this;
  }

  private Behavior<Command> onAddHolder(AddHolder add) {
    newHolders.add(add);
    return this;
  }

  private Behavior<Command> onDrain(Drain drain) {
    draining.put(drain.worker(), drain.copies());
    return this;
  }

  /**
   * Between two steps nobody sums, so this is where shares move, who leaves is let go, and copies
   * of slices join: a new copy is filled with the version that the step starts from.
   */
  private void change(long step) {
    boolean moves = rebalance != null;
    if (moves) {
      long number = Math.max(assignment.number() + 1, rebalance.assignment().number());
      assignment = new Assignment(number, rebalance.assignment().owners());
      supervisor.tell(new Supervisor.AssignmentMoved(assignment));
      workers = inOrder(rebalance.workers());
      rebalance = null;
    }
    boolean fewer = letGoWhoLeaves(step);
    newHolders.forEach(
        add -> {
          Holder source = holders.first(add.slice());
          source.ref().tell(new ParameterShard.Feed(step, add.holder().lane()));
          holders.add(add.slice(), add.holder());
        });
    if (moves || fewer || !newHolders.isEmpty()) {
      tellHolders();
    }
    newHolders.clear();
    startStep(step);
    if (moves) {
      assignAll();
    }
  }

  /** Before new copies are filled: who goes now feeds nobody any more. */
  private boolean letGoWhoLeaves(long step) {
    // A wish that crossed the news that somebody was let go is over.
    draining.keySet().retainAll(workers.keySet());
    List<String> gone =
        draining.keySet().stream()
            .filter(worker -> assignment.shardsOf(worker).isEmpty())
            .filter(worker -> holders.spares(worker, draining.keySet(), draining.get(worker)))
            .toList();
    for (String worker : gone) {
      draining.remove(worker);
      letGo.add(workers.get(worker));
      loseHolder(worker, step);
      supervisor.tell(new Supervisor.Drained(worker, step));
    }
    workers = inOrder(workers);
    return !gone.isEmpty();
  }

  private void startStep(long step) {
    barrier =
        new StepBarrier(step, facts.plan().logicalShards(), holders.slices(), assignment.number());
    holders.clearSums();
    moments = null;
    report = null;
    phases.clear();
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
    if (resumed.committedSteps() <= resumedAfter) {
      return this;
    }
    resumedAfter = resumed.committedSteps();
    table = resumed.table();
    if (barrier != null && barrier.step() == resumed.committedSteps()) {
      stepStartedNanos = System.nanoTime();
      armDeadline();
    }
    return this;
  }

  /** Tells the slices under which assignment each shard's gradient counts. */
  private void expect() {
    long[] assignments = barrier.assignments();
    ParameterShard.Expect expect =
        new ParameterShard.Expect(facts.attempt(), barrier.step(), assignments);
    holders.refs().forEach(shard -> shard.tell(expect));
  }

  /**
   * The shards of a lost owner are computed anew for the step in flight; all others stay where they
   * are until it is over, even if shares were about to move.
   */
  private Behavior<Command> onReassign(Reassign change) {
    if (assignment == null || !knows(change.lost())) {
      return this;
    }
    workers = inOrder(change.workers());
    draining.remove(change.lost());
    List<String> owners = new ArrayList<>(assignment.owners());
    List<Integer> moved = new ArrayList<>();
    for (int shard = 0; shard < owners.size(); shard++) {
      if (!workers.containsKey(owners.get(shard))) {
        moved.add(shard);
        owners.set(shard, change.assignment().owners().get(shard));
      }
    }
    long number = Math.max(assignment.number() + 1, change.assignment().number());
    assignment = new Assignment(number, owners);
    if (rebalance != null) {
      rebalance =
          new Rebalance(new Assignment(number, change.assignment().owners()), change.workers());
    } else if (!owners.equals(change.assignment().owners())) {
      supervisor.tell(new Supervisor.AssignmentMoved(assignment));
    }
    if (barrier == null || !dropHolders(change.lost())) {
      return this;
    }
    barrier.reassign(assignment.number(), moved);
    if (!moved.isEmpty()) {
      // Its sums are void; those under the new assignment decide again.
      unacknowledged.sumsAreVoid();
      holders.clearSums();
    }
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
                  facts.attempt(), barrier.step(), assignment.number(), false, now, all));
        });
    for (int slice = 0; slice < holders.slices(); slice++) {
      sumWhenComplete(slice);
    }
    return this;
  }

  private boolean knows(String worker) {
    return workers.containsKey(worker)
        || holders.keeps(worker)
        || rebalance != null && rebalance.workers().containsKey(worker)
        || newHolders.stream().anyMatch(add -> add.holder().id().equals(worker));
  }

  /** Copies take over the slices that a lost worker kept; false if one has no copy left. */
  private boolean dropHolders(String lost) {
    newHolders.removeIf(add -> add.holder().id().equals(lost));
    List<Integer> orphans = holders.orphans(holder -> holder.id().equals(lost));
    if (!orphans.isEmpty()) {
      supervisor.tell(
          new Supervisor.SlicesLost(
              "worker %s kept the only copy of slices %s".formatted(lost, orphans)));
      return false;
    }
    loseHolder(lost, barrier.step());
    tellHolders();
    return true;
  }

  /** Another copy sends the parameters out, and fills those that the lost one was filling. */
  private void loseHolder(String worker, long step) {
    List<Integer> slices = holders.keptBy(worker);
    holders
        .lose(holder -> holder.id().equals(worker))
        .forEach(promoted -> promoted.ref().tell(ParameterShard.Publish.INSTANCE));
    for (int slice : slices) {
      // A copy that is full already lets go of what comes.
      holders
          .filled(slice)
          .ifPresent(
              source ->
                  holders
                      .unfilled(slice)
                      .forEach(
                          copy -> source.ref().tell(new ParameterShard.Feed(step, copy.lane()))));
    }
  }

  private Behavior<Command> onHalt(Halt halt) {
    halting = true;
    return this;
  }

  private Behavior<Command> onScored(Scored scored) {
    poll.heard(scored.worker());
    boolean current =
        scored.attempt() == facts.attempt() && barrier != null && scored.step() == barrier.step();
    if (!current) {
      getContext().getLog().debug("ignored: scores of step {}", scored.step());
      return this;
    }
    if (scored.before() != null) {
      phases.add(scored.before());
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
    if (!phases.isEmpty()) {
      supervisor.tell(new Supervisor.StepTimes(barrier.step() - 1, List.copyOf(phases)));
      phases.clear();
    }
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
    long newest = Arrays.stream(barrier.assignments()).max().orElse(0);
    if (summed.step() != barrier.step() || summed.assignment() != newest) {
      getContext().getLog().debug("ignored: {}", summed);
      return this;
    }
    try {
      holders.summed(summed.slice(), summed.holder(), summed.squares());
    } catch (SliceHolders.Disagreement e) {
      supervisor.tell(new Supervisor.SlicesLost(e.getMessage()));
      return this;
    }
    sumWhenComplete(summed.slice());
    return this;
  }

  private void sumWhenComplete(int slice) {
    if (barrier == null || holders.complete(slice).isEmpty()) {
      return;
    }
    long newest = Arrays.stream(barrier.assignments()).max().orElse(0);
    Outcome outcome = barrier.summed(barrier.step(), newest, slice, holders.complete(slice).get());
    if (outcome instanceof Outcome.Summed all) {
      unacknowledged.whenThereIsRoom(false, () -> commit(all.norm(), null));
    } else {
      notFinite(outcome);
    }
  }

  /** Computes the step once more with every share moved to the next worker, then gives it up. */
  private void notFinite(Outcome outcome) {
    if (outcome instanceof Outcome.Skip skip) {
      String reason = skip.reason() + "; " + samplesInBatch();
      unacknowledged.whenThereIsRoom(true, () -> commit(Double.NaN, reason));
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
      holders.clearSums();
      supervisor.tell(new Supervisor.AssignmentMoved(assignment));
      expect();
      assignAll();
    }
  }

  /** Where a person looks for the row that does it. */
  private String samplesInBatch() {
    int[] samples =
        barrier.scores().stream().flatMapToInt(s -> Arrays.stream(s.samples())).toArray();
    String first =
        Arrays.stream(samples)
            .limit(NAMED_SAMPLES)
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(", "));
    return "samples in the batch: " + first + (samples.length > NAMED_SAMPLES ? ", …" : "");
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
    long epoch = facts.plan().batch(step).epoch();
    StepReport scored =
        report != null ? report : StepReport.unscored(barrier.step(), epoch, barrier.scores());
    StepReport done =
        scored.committed(norm, clip, rate, (System.nanoTime() - stepStartedNanos) / 1e9, skip);
    if (skip == null) {
      previousMoments = Moments.of(StepWeights.costs(barrier.scores()));
    }
    CommitRecord record =
        CommitRecord.of(barrier.scores(), done, skip != null, previousMoments, table);
    unacknowledged.store(record);
    ParameterShard.Apply apply =
        new ParameterShard.Apply(
            facts.attempt(),
            step,
            Arrays.stream(barrier.assignments()).max().orElse(0),
            clip ? scale : 1,
            rate,
            adamSteps,
            skip != null,
            snapshot,
            record);
    holders.refs().forEach(shard -> shard.tell(apply));
    timers.cancel(DEADLINE);
    timers.cancel(POLL);
    barrier = null;
    supervisor.tell(new Supervisor.StepCommitted(committed, adamSteps, done, last));
    if (!last) {
      change(committed);
    }
  }

  private Behavior<Command> onStored(Stored stored) {
    unacknowledged.stored(stored.step());
    return this;
  }

  private Behavior<Command> onResend() {
    getContext()
        .getLog()
        .warn(
            "the ledger has not acknowledged steps {} for {}; they are sent again",
            unacknowledged.numbers(),
            facts.settings().deadlines().ledgerAcknowledgement());
    unacknowledged.sendAgain();
    return this;
  }

  /** Names who is waited for; the supervisor decides what becomes of them. */
  private Behavior<Command> onOverdue() {
    if (unacknowledged.keepsAStepWaiting()) {
      supervisor.tell(
          new Supervisor.StepOverdue(
              barrier.step(),
              List.of(),
              "step %d waited %s for the ledger, which has not acknowledged steps %s"
                  .formatted(
                      barrier.step(),
                      facts.settings().deadlines().step(),
                      unacknowledged.numbers())));
      return this;
    }
    poll.ask();
    workers.values().forEach(worker -> worker.tell(new GpuWorker.Poll(barrier.step())));
    timers.startSingleTimer(
        POLL, PollOver.INSTANCE, facts.settings().deadlines().step().dividedBy(POLL_SHARE));
    return this;
  }

  private Behavior<Command> onPosition(Position position) {
    if (barrier != null && position.step() == barrier.step()) {
      poll.answered(position.worker(), position.pushed());
    }
    return this;
  }

  private Behavior<Command> onPollOver() {
    if (barrier == null || barrier.unsummed().isEmpty()) {
      return this;
    }
    Set<String> unsummed = new TreeSet<>();
    barrier.unsummed().forEach(slice -> unsummed.addAll(holders.missing(slice)));
    StepPoll.Late late = poll.late(workers.keySet(), assignment, barrier, unsummed);
    tellOverdue(late.workers(), late.what());
    return this;
  }

  private void tellOverdue(List<String> late, String what) {
    supervisor.tell(
        new Supervisor.StepOverdue(
            barrier.step(),
            late,
            "step %d waited %s for %s"
                .formatted(barrier.step(), facts.settings().deadlines().step(), what)));
    armDeadline();
  }
}
