package io.akkord.actors.supervisor;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.persistence.typed.PersistenceId;
import akka.persistence.typed.RecoveryCompleted;
import akka.persistence.typed.javadsl.CommandHandler;
import akka.persistence.typed.javadsl.Effect;
import akka.persistence.typed.javadsl.EventHandler;
import akka.persistence.typed.javadsl.EventSourcedBehavior;
import akka.persistence.typed.javadsl.SignalHandler;
import io.akkord.actors.CborMessage;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.params.Assignment;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.SliceFeeder;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.supervisor.Members.Member;
import io.akkord.actors.worker.Compute.EvalScore;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.RunSpec;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.Boundary;
import io.akkord.proto.SupervisorEvent;
import io.akkord.proto.SupervisorEvent.AttemptStarted;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.RunEnded;
import io.akkord.proto.SupervisorEvent.WorkerJoined;
import io.akkord.proto.SupervisorEvent.WorkerLost;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides: admits workers, maps logical shards to them, gives the shards of a lost worker to the
 * others, runs what is due at a boundary, ends the run.
 */
public final class Supervisor
    extends EventSourcedBehavior<Supervisor.Command, SupervisorEvent, RunState> {

  /** What the supervisor can be told. */
  public sealed interface Command extends CborMessage {}

  /**
   * A worker is ready.
   *
   * @param canary hash of a known computation with the run's shapes
   * @param machine what that depends on, for people
   * @param pid the worker's process
   */
  public record Join(
      String worker,
      ActorRef<GpuWorker.Command> ref,
      LaneAddress lane,
      ActorRef<WorkerHost.Command> host,
      String canary,
      String machine,
      long pid)
      implements Command {}

  /** A worker begins to take part: it opens its files and its engine, then it joins. */
  public record Starting(String worker, ActorRef<WorkerHost.Command> host, long pid)
      implements Command {}

  /**
   * A worker is asked to end; it goes when its host is told that this attempt is over for it. Said
   * again until then.
   */
  public record Leaving(String worker, ActorRef<WorkerHost.Command> host, String reason)
      implements Command {}

  /** Nothing of a worker that leaves is needed from a step on. */
  public record Drained(String worker, long step) implements Command {}

  /** A worker cannot go on. */
  public record WorkerFailed(String worker, String reason) implements Command {}

  /** What a worker does before it can join, for people; its name goes before the text. */
  public record WorkerSays(String worker, String text) implements Command {}

  /** How many micro-batches of a step a worker could hold. */
  public record HeldShare(String worker, int held, int microBatches) implements Command {}

  /**
   * A step was committed.
   *
   * @param last nothing more is committed
   */
  public record StepCommitted(long committedSteps, long adamSteps, StepReport report, boolean last)
      implements Command {}

  /** Where the workers' time went in a step. */
  public record StepTimes(long step, List<WorkerPhases> workers) implements Command {}

  /** A step waits too long; its late workers are given up. */
  public record StepOverdue(long step, List<String> late, String reason) implements Command {}

  /** A slice has no copy left, or its copies differ: only a checkpoint helps. */
  public record SlicesLost(String reason) implements Command {}

  /** The connection to a process broke. */
  public record PeerLost(String endpoint, String reason) implements Command {}

  /** Hosts have gone; so many are left. */
  public record HostsLeft(int hosts) implements Command {}

  record CopyStarted(WorkerHost.CopyStarted started) implements Command {}

  /** The parameter server moved the shards for a second computation. */
  public record AssignmentMoved(Assignment assignment) implements Command {}

  /** A group of held-out samples is scored. */
  public record Evaluated(String worker, long committedSteps, EvalScore score) implements Command {}

  /** A group is rewritten, not yet stored. */
  public record GroupRewritten(
      String worker, long committedSteps, int cycle, int group, List<RewriteOutcome> outcomes)
      implements Command {}

  /** An actor without which the attempt cannot go on has ended; another attempt can. */
  public record Headless(String reason) implements Command {}

  /** Something without which the run cannot go on has ended. */
  public record Fatal(String reason) implements Command {}

  /** End after the step in flight, with a checkpoint. */
  public record Stop(String reason) implements Command {}

  record CycleOpened(Ledger.CycleOpened opened) implements Command {}

  record GroupStored(Ledger.GroupStored stored) implements Command {}

  record CycleClosed(Ledger.CycleClosed closed) implements Command {}

  record LedgerSaved(Ledger.Saved saved) implements Command {}

  record TableSeen(Ledger.TableContent content) implements Command {}

  record CheckpointWritten(Checkpointer.Written written) implements Command {}

  /** Outcome of an attempt that a new one can take up from a checkpoint. */
  public static final String LOST = "lost";

  /** Outcome of an attempt whose workers go on without it: a new one may take them over. */
  public static final String HEADLESS = "headless";

  private enum Begin implements Command {
    INSTANCE
  }

  private enum StartUpOver implements Command {
    INSTANCE
  }

  enum Resend implements Command {
    INSTANCE
  }

  enum WorkOverdue implements Command {
    INSTANCE
  }

  private record DrainOver(String worker) implements Command {}

  /** Events on their way to the journal, and what follows when they are there. */
  private record Writing(List<SupervisorEvent> events, Runnable then) {}

  private final ActorContext<Command> context;
  private final TimerScheduler<Command> timers;
  private final SupervisorSetup setup;
  private final RunFacts facts;
  private final ActorRef<ParameterServer.Command> server;
  private final ActorRef<RunEvent> events;
  private final ActorRef<WorkerHost.Command> control;
  private final Boundaries boundaries;
  private final Placement placement;
  private final Members members;
  private final Presence presence = new Presence(System::nanoTime);

  /** Those that want to leave before the slices they kept are taken over. */
  private final Map<String, Leaving> early = new LinkedHashMap<>();

  private long committed;
  private boolean placing;
  private boolean training;
  private boolean ended;
  private boolean begun;
  private Writing writing;
  private String stopReason;
  private String lastLeft;
  private boolean priceTold;

  /**
   * Who the supervisor talks to.
   *
   * @param control the host that keeps all slices; null where workers keep them
   */
  public record Peers(
      ActorRef<Ledger.Command> ledger,
      ActorRef<ParameterServer.Command> server,
      ActorRef<SliceFeeder.Feed> feeder,
      ActorRef<Checkpointer.Command> checkpointer,
      LaneAddress checkpointLane,
      ActorRef<RunEvent> events,
      RunSpec spec,
      ActorRef<WorkerHost.Command> control) {}

  /** The supervisor of one attempt. */
  public static Behavior<Command> create(SupervisorSetup setup, Peers peers) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new Supervisor(context, timers, setup, peers)));
  }

  private Supervisor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      SupervisorSetup setup,
      Peers peers) {
    super(
        PersistenceId.ofUniqueId("supervisor|" + setup.facts().runId()),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(10), 0.1));
    this.context = context;
    this.timers = timers;
    this.setup = setup;
    this.facts = setup.facts();
    this.server = peers.server();
    this.events = peers.events();
    this.control = peers.control();
    this.committed = setup.startStep();
    this.members = new Members(setup.workers(), facts.plan().logicalShards());
    this.boundaries = new Boundaries(context, timers, setup, peers, members, presence);
    this.placement = new Placement(context, setup, peers, members);
  }

  @Override
  public RunState emptyState() {
    return RunState.EMPTY;
  }

  @Override
  public EventHandler<RunState, SupervisorEvent> eventHandler() {
    return RunState::apply;
  }

  @Override
  public SignalHandler<RunState> signalHandler() {
    return newSignalHandlerBuilder()
        .onSignal(RecoveryCompleted.instance(), state -> context.getSelf().tell(Begin.INSTANCE))
        .build();
  }

  @Override
  public CommandHandler<Command, SupervisorEvent, RunState> commandHandler() {
    return newCommandHandlerBuilder()
        .forAnyState()
        .onCommand(Begin.class, (state, c) -> onBegin())
        .onCommand(Join.class, this::onJoin)
        .onCommand(WorkerFailed.class, (state, c) -> onWorkerFailed(c))
        .onCommand(Gone.class, (state, c) -> onGone(c))
        .onCommand(Starting.class, (state, c) -> onStarting(c))
        .onCommand(Leaving.class, (state, c) -> onLeaving(c))
        .onCommand(Drained.class, (state, c) -> onDrained(c))
        .onCommand(DrainOver.class, (state, c) -> onDrainOver(c))
        .onCommand(WorkerSays.class, (state, c) -> onWorkerSays(c))
        .onCommand(HeldShare.class, (state, c) -> onHeldShare(c))
        .onCommand(StartUpOver.class, (state, c) -> onStartUpOver())
        .onCommand(StepCommitted.class, (state, c) -> onStepCommitted(c))
        .onCommand(StepTimes.class, (state, c) -> onStepTimes(c))
        .onCommand(StepOverdue.class, (state, c) -> onStepOverdue(c))
        .onCommand(AssignmentMoved.class, (state, c) -> onAssignmentMoved(c))
        .onCommand(CopyStarted.class, (state, c) -> onCopyStarted(c))
        .onCommand(SlicesLost.class, (state, c) -> end(LOST, c.reason()))
        .onCommand(HostsLeft.class, (state, c) -> onHostsLeft(c))
        .onCommand(PeerLost.class, (state, c) -> onPeerLost(c))
        .onCommand(Headless.class, (state, c) -> end(HEADLESS, c.reason()))
        .onCommand(Fatal.class, (state, c) -> end("failed", c.reason()))
        .onCommand(Stop.class, (state, c) -> onStop(c))
        .onCommand(CheckpointWritten.class, (state, c) -> onCheckpointWritten(c))
        .onAnyCommand((state, c) -> onBoundary(c));
  }

  /** A watched worker ended. */
  private record Gone(String worker, ActorRef<GpuWorker.Command> ref) implements Command {}

  private Effect<SupervisorEvent, RunState> onGone(Gone gone) {
    Member member = members.get(gone.worker());
    // Another process may have taken the name meanwhile.
    return member != null && member.ref().equals(gone.ref())
        ? lose(gone.worker(), members.failureOf(gone.worker()))
        : Effect().none();
  }

  private Effect<SupervisorEvent, RunState> onStarting(Starting starting) {
    if (!members.has(starting.worker())) {
      presence.at(starting.worker(), starting.host(), starting.pid(), "opens its files");
    }
    return Effect().none();
  }

  /** The first thing it tells itself, and the first after a write that failed. */
  private Effect<SupervisorEvent, RunState> onBegin() {
    if (!training && !ended) {
      timers.startSingleTimer(
          StartUpOver.INSTANCE, StartUpOver.INSTANCE, facts.settings().deadlines().startUp());
    }
    if (begun) {
      boundaries.restarted();
    }
    // Its end may come before its beginning, and the write of that may fail.
    if (begun || writing != null) {
      begun = true;
      return writing == null ? Effect().none() : write(writing.events(), writing.then());
    }
    begun = true;
    AttemptStarted started =
        AttemptStarted.newBuilder()
            .setAttempt(facts.attempt())
            .setFromCommittedSteps(setup.startStep())
            .build();
    return persist(SupervisorEvent.newBuilder().setAttemptStarted(started));
  }

  private Effect<SupervisorEvent, RunState> persist(SupervisorEvent.Builder event) {
    return write(List.of(event.build()), () -> {});
  }

  /**
   * Writes down what has happened. If the write fails, this actor restarts, keeps what it knows and
   * writes again: what happened has happened.
   */
  private Effect<SupervisorEvent, RunState> write(List<SupervisorEvent> happened, Runnable then) {
    writing = new Writing(happened, then);
    return Effect()
        .persist(happened)
        .thenRun(
            () -> {
              writing = null;
              then.run();
            });
  }

  private Effect<SupervisorEvent, RunState> onJoin(RunState state, Join join) {
    Member known = members.get(join.worker());
    if (ended || known != null && known.ref().equals(join.ref())) {
      return Effect().none();
    }
    if (members.isOver(join.ref())) {
      join.ref().tell(new GpuWorker.Leave("the run goes on without it"));
      return Effect().none();
    }
    if (known != null) {
      // A process that was started again under its name, before the end of the old one was seen.
      context.getSelf().tell(new WorkerFailed(join.worker(), "another process has its name now"));
      context.getSelf().tell(join);
      return Effect().none();
    }
    if (!state.canary().isEmpty() && !state.canary().equals(join.canary())) {
      return refuse(state, join);
    }
    Member member = new Member(join.ref(), join.lane(), join.host());
    members.join(join.worker(), member);
    presence.at(join.worker(), join.ref(), join.pid(), "is ready");
    context.watchWith(join.ref(), new Gone(join.worker(), join.ref()));
    events.tell(new RunEvent.Worker(join.worker(), "joined", "after step " + committed));
    placement.admit(join.worker(), member);
    if (training) {
      // It follows the parameters at once and computes from the next step on.
      boundaries.welcome(join.worker());
      join.host().tell(new WorkerHost.StopRun(facts.runId(), facts.attempt() - 1));
      server.tell(new ParameterServer.Rebalance(members.divide(), members.refs()));
      placement.place();
    } else if (members.nobodyIsMissing()) {
      startWithWhoIsHere();
    }
    WorkerJoined joined =
        WorkerJoined.newBuilder()
            .setWorker(join.worker())
            .setCommittedSteps(committed)
            .setCanary(join.canary())
            .setMachine(join.machine())
            .build();
    return persist(SupervisorEvent.newBuilder().setWorkerJoined(joined));
  }

  /** Its numbers would differ in the last bits, and nobody could repeat the run. */
  private Effect<SupervisorEvent, RunState> refuse(RunState state, Join join) {
    String reason =
        "worker %s is refused: it computes other bits than the run; it has %s, the run was begun on %s"
            .formatted(join.worker(), join.machine(), state.machine());
    note(reason);
    members.refuse(join.worker(), join.ref(), reason);
    join.ref().tell(new GpuWorker.Leave(reason));
    join.host().tell(new WorkerHost.StopRun(facts.runId(), facts.attempt()));
    if (!training && members.nobodyCame()) {
      return end("failed", "no worker could start" + members.failureText());
    }
    if (!training && !placing && members.nobodyIsMissing()) {
      startWithWhoIsHere();
    }
    return Effect().none();
  }

  private void startWithWhoIsHere() {
    if (members.count() < setup.workers()) {
      note("the run starts with %d of %d workers".formatted(members.count(), setup.workers()));
    }
    place();
  }

  /** Everybody is here: the slices are handed out, then the first step begins. */
  private void place() {
    placing = true;
    placement.place();
    endIfNotPlaceable();
  }

  private void endIfNotPlaceable() {
    placement.failure().ifPresent(why -> context.getSelf().tell(new SlicesLost(why)));
  }

  private Effect<SupervisorEvent, RunState> onCopyStarted(CopyStarted copy) {
    if (ended) {
      return Effect().none();
    }
    presence.heard(copy.started().holder().id());
    placement.onStarted(copy.started());
    endIfNotPlaceable();
    startWhenPlaced();
    return Effect().none();
  }

  private void startWhenPlaced() {
    if (training || !placing || !placement.complete() || placement.failure().isPresent()) {
      return;
    }
    timers.cancel(StartUpOver.INSTANCE);
    training = true;
    server.tell(
        new ParameterServer.Begin(
            setup.startStep(),
            setup.adamSteps(),
            members.divide(),
            members.refs(),
            placement.begin(),
            placement.beingFilled(),
            setup.takenOver().map(TakenOver::previous).orElse(null),
            context.getSelf()));
    releaseWhatIsLeft();
    boundaries.begin();
    if (stopReason != null) {
      server.tell(new ParameterServer.Halt(stopReason));
    }
    early.values().forEach(context.getSelf()::tell);
    early.clear();
  }

  /** What earlier attempts left and this one does not go on from is not needed any more. */
  private void releaseWhatIsLeft() {
    WorkerHost.StopRun earlier = new WorkerHost.StopRun(facts.runId(), facts.attempt() - 1);
    members.all().values().forEach(member -> member.host().tell(earlier));
    if (control != null) {
      control.tell(earlier);
    }
    Boundary due = facts.plan().after(setup.startStep());
    if (setup.takenOver().filter(t -> !t.saved()).isPresent() && (due.checkpoint() || due.end())) {
      placement.save();
    }
  }

  private Effect<SupervisorEvent, RunState> onStartUpOver() {
    if (training || ended) {
      return Effect().none();
    }
    Duration waited = facts.settings().deadlines().startUp();
    if (stopReason != null) {
      return end("stopped", stopReason + "; who had kept the newest steps was not there in time");
    }
    if (members.isEmpty()) {
      return end(
          "failed",
          "no worker was ready after %s%s%s".formatted(waited, notReady(), members.failureText()));
    }
    if (placing) {
      return end(
          "failed",
          "the parameter slices were not placed within %s; not there: %s"
              .formatted(waited, missingCopies()));
    }
    note(
        "%d of %d workers were ready after %s; the run starts with them%s"
            .formatted(members.count(), setup.workers(), waited, notReady()));
    timers.startSingleTimer(StartUpOver.INSTANCE, StartUpOver.INSTANCE, waited);
    place();
    return Effect().none();
  }

  private String notReady() {
    List<String> some = presence.notReady(members.all().keySet(), members.failed());
    return some.isEmpty() ? "" : "; not ready: " + String.join("; ", some);
  }

  private List<String> missingCopies() {
    return placement.missing().entrySet().stream()
        .map(of -> "slices %s of %s".formatted(of.getValue(), presence.named(of.getKey())))
        .toList();
  }

  private Effect<SupervisorEvent, RunState> onWorkerSays(WorkerSays says) {
    presence.says(says.worker(), says.text());
    if (!ended) {
      note(says.worker() + " " + says.text());
    }
    return Effect().none();
  }

  private Effect<SupervisorEvent, RunState> onWorkerFailed(WorkerFailed failed) {
    boolean isNew = members.fail(failed.worker(), failed.reason());
    if (!training && members.nobodyCame()) {
      return end("failed", "no worker could start" + members.failureText());
    }
    if (isNew && !ended && !members.has(failed.worker())) {
      return goOnWithout(failed);
    }
    return lose(failed.worker(), failed.reason());
  }

  /** It never joined; if everybody else is here, nobody waits for the start-up deadline. */
  private Effect<SupervisorEvent, RunState> goOnWithout(WorkerFailed failed) {
    note("worker %s cannot take part: %s".formatted(failed.worker(), failed.reason()));
    if (!training && !placing && members.nobodyIsMissing()) {
      startWithWhoIsHere();
    }
    return Effect().none();
  }

  /** The survivors take its shards of the step in flight; nobody restarts. */
  private Effect<SupervisorEvent, RunState> lose(String worker, String reason) {
    Member member = ended ? null : members.remove(worker, reason);
    if (member == null) {
      return Effect().none();
    }
    forget(worker, member);
    member.ref().tell(new GpuWorker.Leave(reason));
    note("worker %s is lost after step %d: %s".formatted(worker, committed, reason));
    events.tell(new RunEvent.Worker(worker, "lost", reason));
    if (training && members.isEmpty()) {
      return end(LOST, "no worker is left; the last one: " + reason);
    }
    if (training) {
      server.tell(
          new ParameterServer.Reassign(
              members.reassign(), members.refs(), worker, worker + " is lost"));
      boundaries.lost(worker);
      placement.place();
      drain();
    } else {
      placeWithout();
    }
    return persistEnd(worker, reason);
  }

  /** Before the first step: what it was to keep is kept by others. */
  private void placeWithout() {
    if (placing && !members.isEmpty()) {
      placement.place();
      endIfNotPlaceable();
      startWhenPlaced();
    }
  }

  private void forget(String worker, Member member) {
    early.remove(worker);
    timers.cancel(new DrainOver(worker));
    context.unwatch(member.ref());
    member.host().tell(new WorkerHost.StopRun(facts.runId(), facts.attempt()));
    placement.lost(worker);
  }

  private Effect<SupervisorEvent, RunState> persistEnd(String worker, String reason) {
    WorkerLost lost =
        WorkerLost.newBuilder()
            .setWorker(worker)
            .setCommittedSteps(committed)
            .setReason(reason)
            .build();
    return persist(SupervisorEvent.newBuilder().setWorkerLost(lost));
  }

  // ---- leaving ----------------------------------------------------------------------------------

  /** It gets no share from the next step on, and goes when others have its slices. */
  private Effect<SupervisorEvent, RunState> onLeaving(Leaving told) {
    String worker = told.worker();
    Member member = members.get(worker);
    presence.heard(worker);
    if (ended || member == null) {
      told.host().tell(new WorkerHost.StopRun(facts.runId(), facts.attempt()));
      return ended ? Effect().none() : onWorkerFailed(new WorkerFailed(worker, told.reason()));
    }
    if (!training && setup.takenOver().isPresent()) {
      early.putIfAbsent(worker, told);
      return Effect().none();
    }
    if (!training) {
      return depart(worker, told.reason());
    }
    if (!members.leave(worker, told.reason())) {
      return Effect().none();
    }
    note(
        "worker %s leaves: %s; others take its share and its slices"
            .formatted(presence.named(worker), told.reason()));
    timers.startSingleTimer(
        new DrainOver(worker), new DrainOver(worker), facts.settings().deadlines().drain());
    server.tell(new ParameterServer.Rebalance(members.divide(), members.refs()));
    placement.place();
    drain();
    return Effect().none();
  }

  /**
   * Says how many copies have to be elsewhere before somebody goes; without others, saves first.
   */
  private void drain() {
    if (!members.allLeave()) {
      members
          .leaving()
          .keySet()
          .forEach(w -> server.tell(new ParameterServer.Drain(w, placement.copies())));
    } else if (lastLeft == null) {
      lastLeft = String.join("; ", members.leaving().values());
      note("no worker stays; the step in flight is finished and saved");
      server.tell(new ParameterServer.Halt(lastLeft));
    }
  }

  private Effect<SupervisorEvent, RunState> onDrained(Drained drained) {
    return ended || !members.leaves(drained.worker())
        ? Effect().none()
        : depart(drained.worker(), members.leaving().get(drained.worker()));
  }

  private Effect<SupervisorEvent, RunState> depart(String worker, String reason) {
    forget(worker, members.remove(worker, reason));
    note("worker %s has left after step %d: %s".formatted(worker, committed, reason));
    events.tell(new RunEvent.Worker(worker, "left", reason));
    if (training) {
      boundaries.lost(worker);
    } else {
      placeWithout();
    }
    return persistEnd(worker, "it left: " + reason);
  }

  private Effect<SupervisorEvent, RunState> onDrainOver(DrainOver overdue) {
    String worker = overdue.worker();
    if (!members.leaves(worker)) {
      return Effect().none();
    }
    String reason =
        "%s was to leave (%s) and its work was not taken over within %s, in phase %s; copies that are not there: %s"
            .formatted(
                presence.named(worker),
                members.leaving().get(worker),
                facts.settings().deadlines().drain(),
                boundaries.doing(),
                missingCopies());
    return lose(worker, reason);
  }

  /** Who leaves with the end of the attempt may go now. */
  private void letGo() {
    WorkerHost.StopRun stop = new WorkerHost.StopRun(facts.runId(), facts.attempt());
    members
        .all()
        .forEach(
            (worker, member) -> {
              if (members.leaves(worker) || early.containsKey(worker)) {
                member.host().tell(stop);
              }
            });
  }

  private Effect<SupervisorEvent, RunState> onHeldShare(HeldShare share) {
    presence.heard(share.worker());
    if (!priceTold && share.held() < share.microBatches()) {
      priceTold = true;
      double h = (double) share.held() / share.microBatches();
      // A step is one forward and a backward worth two; checkpointing adds the layers' second run.
      int parts = facts.plan().recipe().gradientCheckpointing() ? 4 : 3;
      note(
          "memory holds %d of %d forwards of %s (h = %.2f); the others are scored first and computed again: a step costs %.2f of one with all held"
              .formatted(
                  share.held(), share.microBatches(), share.worker(), h, 1 + (1 - h) / parts));
    }
    return Effect().none();
  }

  private Effect<SupervisorEvent, RunState> onStepCommitted(StepCommitted step) {
    if (ended) {
      return Effect().none();
    }
    committed = step.committedSteps();
    events.tell(new RunEvent.Step(step.report()));
    if (step.report().skipped() != null) {
      note("step %d was skipped: %s".formatted(committed - 1, step.report().skipped()));
    }
    if (step.last() || facts.waitsAfter(committed)) {
      boundaries.enter(committed, step.adamSteps(), step.last());
    }
    return Effect().none();
  }

  private Effect<SupervisorEvent, RunState> onStepTimes(StepTimes times) {
    times.workers().forEach(worker -> presence.heard(worker.worker()));
    events.tell(new RunEvent.Phases(times.step(), times.workers()));
    return Effect().none();
  }

  private Effect<SupervisorEvent, RunState> onStepOverdue(StepOverdue overdue) {
    if (ended) {
      return Effect().none();
    }
    note(overdue.reason() + "; late: " + presence.named(overdue.late()));
    events.tell(new RunEvent.Overdue(overdue.step(), overdue.late(), overdue.reason()));
    overdue.late().forEach(w -> context.getSelf().tell(new WorkerFailed(w, overdue.reason())));
    return overdue.late().isEmpty() ? end("failed", overdue.reason()) : Effect().none();
  }

  /** The operating system is faster than the cluster: its word is enough to give a worker up. */
  private Effect<SupervisorEvent, RunState> onPeerLost(PeerLost peer) {
    members
        .all()
        .forEach(
            (id, member) -> {
              if (member.lane().endpoint().equals(peer.endpoint())) {
                String reason = "%s, in phase %s: %s";
                String named = presence.named(id);
                context
                    .getSelf()
                    .tell(
                        new WorkerFailed(
                            id, reason.formatted(named, boundaries.doing(), peer.reason())));
              }
            });
    return Effect().none();
  }

  /** Before the start nobody waits for a worker whose host is gone. */
  private Effect<SupervisorEvent, RunState> onHostsLeft(HostsLeft left) {
    if (!training && !placing && !ended && left.hosts() > 0 && members.count() >= left.hosts()) {
      note(
          "the run starts with %d of %d workers: the hosts of the others are gone"
              .formatted(members.count(), setup.workers()));
      place();
    }
    return Effect().none();
  }

  private Effect<SupervisorEvent, RunState> onAssignmentMoved(AssignmentMoved moved) {
    members.moved(moved.assignment());
    return Effect().none();
  }

  private Effect<SupervisorEvent, RunState> onStop(Stop stop) {
    stopReason = stop.reason();
    if (training) {
      server.tell(new ParameterServer.Halt(stop.reason()));
    } else if (setup.takenOver().isEmpty()) {
      return end("stopped", stop.reason());
    }
    // What workers have kept is newer than any checkpoint: the run begins, and saves it.
    return Effect().none();
  }

  private Effect<SupervisorEvent, RunState> onBoundary(Command command) {
    if (ended) {
      return Effect().none();
    }
    if (command instanceof Evaluated evaluated) {
      presence.heard(evaluated.worker());
    } else if (command instanceof GroupRewritten rewritten) {
      presence.heard(rewritten.worker());
    }
    List<SupervisorEvent> happened = boundaries.on(command);
    if (boundaries.failure().isPresent()) {
      return end("failed", boundaries.failure().get());
    }
    return happened.isEmpty() ? Effect().none() : write(happened, () -> {});
  }

  private Effect<SupervisorEvent, RunState> onCheckpointWritten(CheckpointWritten done) {
    Checkpointer.Written written = done.written();
    if (ended) {
      return Effect().none();
    }
    if (written.error() != null) {
      return end("failed", written.error() + keepersOf(written.missing()));
    }
    CheckpointFinished finished =
        CheckpointFinished.newBuilder()
            .setCommittedSteps(written.committedSteps())
            .setFolder(written.folder())
            .setSeconds(written.seconds())
            .setBlockedSeconds(
                boundaries.blockedSeconds(written.committedSteps()) + written.copySeconds())
            .build();
    events.tell(new RunEvent.Checkpoint(finished));
    SupervisorEvent event = SupervisorEvent.newBuilder().setCheckpointFinished(finished).build();
    if (!boundaries.isLast(written.committedSteps())) {
      return write(List.of(event), () -> {});
    }
    boolean whole = written.committedSteps() == facts.plan().totalSteps();
    String reason = whole ? "all steps are done" : stopReason;
    String outcome = whole ? "finished" : "stopped";
    if (!whole && stopReason == null) {
      outcome = LOST;
      reason = "no worker is left; the last one left after the run was saved: " + lastLeft;
    }
    return endWith(event, outcome, reason, written.folder());
  }

  private Effect<SupervisorEvent, RunState> endWith(
      SupervisorEvent event, String outcome, String reason, String folder) {
    ended = true;
    return write(List.of(event, ended(outcome, reason)), () -> tellEnd(outcome, reason, folder));
  }

  private String keepersOf(List<Integer> slices) {
    StringBuilder text = new StringBuilder();
    for (int slice : slices) {
      Set<String> keepers = placement.keepers(slice);
      text.append("; slice %d is kept by %s".formatted(slice, presence.named(keepers)));
    }
    return text.toString();
  }

  private Effect<SupervisorEvent, RunState> end(String outcome, String reason) {
    if (ended) {
      return Effect().none();
    }
    ended = true;
    return write(List.of(ended(outcome, reason)), () -> tellEnd(outcome, reason, null));
  }

  private SupervisorEvent ended(String outcome, String reason) {
    return SupervisorEvent.newBuilder()
        .setRunEnded(
            RunEnded.newBuilder()
                .setCommittedSteps(committed)
                .setOutcome(outcome)
                .setReason(reason == null ? "" : reason))
        .build();
  }

  private void tellEnd(String outcome, String reason, String checkpoint) {
    if (!outcome.equals(HEADLESS)) {
      letGo();
    }
    events.tell(new RunEvent.Ended(committed, outcome, reason, checkpoint));
  }

  private void note(String text) {
    context.getLog().info(text);
    events.tell(new RunEvent.Note(text));
  }
}
