package io.akkord.actors.supervisor;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import io.akkord.actors.checkpoint.CheckpointWriter;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.rewrite.Repetition;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.worker.EngineCompute;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.config.Boundary;
import io.akkord.config.EvalMetric;
import io.akkord.proto.CheckpointManifest.BestMetric;
import io.akkord.proto.SupervisorEvent;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What happens between two steps, in this order: rewrite cycle, evaluation, checkpoint, proceed.
 * The supervisor's own thread only. Every question to the ledger is asked again until it is
 * answered.
 */
final class Boundaries {
  /** Before a checkpoint the last step is often on its way to the ledger still: milliseconds. */
  private static final Duration FIRST_WAIT = Duration.ofMillis(10);

  private static final int MOST_DOUBLINGS = 11;
  private static final int QUIET_QUESTIONS = 8;

  /** With waits that double up to the ledger's deadline: some minutes. */
  private static final int MOST_QUESTIONS = 23;

  private static final int MOST_FAILED_SAVES = 3;

  private enum Phase {
    NONE,
    TABLE,
    CYCLE,
    EVAL,
    CHECKPOINT
  }

  private final ActorContext<Supervisor.Command> context;
  private final TimerScheduler<Supervisor.Command> timers;
  private final SupervisorSetup setup;
  private final RunFacts facts;
  private final Supervisor.Peers peers;
  private final Members members;
  private final Presence presence;
  private final List<SupervisorEvent> happened = new ArrayList<>();
  private final Map<Integer, Ledger.StoreGroup> unstored = new HashMap<>();
  private Phase phase = Phase.NONE;
  private Boundary due;
  private long committed;
  private long adamSteps;
  private boolean last;
  private long lastStep = -1;
  private TableStamp stamp;
  private Runnable question;
  private WorkPool<RewriteGroup> rewriting;
  private Repetition repetition = new Repetition();
  private long checkpointSince;
  private final Map<Long, Double> blockedSeconds = new HashMap<>();
  private Ledger.CycleOpened cycle;
  private boolean closing;
  private WorkPool<Integer> evaluating;
  private EvalFold fold;
  private Optional<BestMetric> best = Optional.empty();
  private String failure;
  private int asked;
  private int failedSaves;

  Boundaries(
      ActorContext<Supervisor.Command> context,
      TimerScheduler<Supervisor.Command> timers,
      SupervisorSetup setup,
      Supervisor.Peers peers,
      Members members,
      Presence presence) {
    this.context = context;
    this.timers = timers;
    this.setup = setup;
    this.facts = setup.facts();
    this.peers = peers;
    this.members = members;
    this.presence = presence;
    if (setup.bestValue().isPresent()) {
      best =
          Optional.of(
              BestMetric.newBuilder()
                  .setName(metricName())
                  .setValue(setup.bestValue().getAsDouble())
                  .setCommittedSteps(setup.bestStep().orElse(0))
                  .build());
    }
  }

  private String metricName() {
    return facts
        .plan()
        .recipe()
        .metricForBest()
        .map(m -> m.name().toLowerCase(java.util.Locale.ROOT))
        .orElse("");
  }

  Optional<String> failure() {
    return Optional.ofNullable(failure);
  }

  /** What the run does, for messages. */
  String doing() {
    return switch (phase) {
      case NONE -> "training";
      case TABLE -> "taking the rewrite table";
      case CYCLE -> "the rewriting cycle after %d steps".formatted(committed);
      case EVAL -> "the evaluation after %d steps".formatted(committed);
      case CHECKPOINT -> "the checkpoint after %d steps".formatted(committed);
    };
  }

  /** Whether the run ends with the checkpoint after so many steps. */
  boolean isLast(long steps) {
    return steps == lastStep;
  }

  /**
   * Before the first step: which rewrites are in force, then an evaluation of what the run starts
   * from.
   */
  void begin() {
    committed = setup.startStep();
    adamSteps = setup.adamSteps();
    due = facts.plan().after(committed);
    last = due.end();
    lastStep = last ? committed : -1;
    phase = Phase.TABLE;
    ActorRef<Ledger.TableContent> adapter =
        context.messageAdapter(Ledger.TableContent.class, Supervisor.TableSeen::new);
    ask(() -> peers.ledger().tell(new Ledger.PullTable(adapter)));
  }

  /** A worker that came late follows from the next proceed on, or at once if nothing is due. */
  void welcome(String worker) {
    if (phase == Phase.NONE && stamp != null) {
      members.get(worker).ref().tell(new GpuWorker.Proceed(committed, stamp));
    } else {
      giveWork();
    }
  }

  void enter(long steps, long adam, boolean isLast) {
    committed = steps;
    adamSteps = adam;
    last = isLast;
    lastStep = isLast ? steps : -1;
    due = facts.plan().after(steps);
    if (due.cycle().isPresent()) {
      openCycle();
    } else {
      evaluate();
    }
  }

  /** What a lost worker had is given to others. */
  void lost(String worker) {
    if (rewriting != null) {
      rewriting.lose(worker);
    }
    if (evaluating != null) {
      evaluating.lose(worker);
    }
    giveWork();
  }

  private void ask(Runnable ask) {
    question = ask;
    asked = 0;
    ask.run();
    armResend();
  }

  private void armResend() {
    // A question that came too early is answered soon; a ledger in trouble is not pressed.
    Duration longest = facts.settings().deadlines().ledgerAcknowledgement();
    Duration wait = FIRST_WAIT.multipliedBy(1L << Math.min(asked, MOST_DOUBLINGS));
    timers.startSingleTimer(
        Supervisor.Resend.INSTANCE,
        Supervisor.Resend.INSTANCE,
        wait.compareTo(longest) < 0 ? wait : longest);
  }

  private void answered() {
    question = null;
    timers.cancel(Supervisor.Resend.INSTANCE);
  }

  /** A restart of the actor ends its timers. */
  void restarted() {
    if (question != null) {
      armResend();
    }
    armWorkDeadline();
  }

  /** Takes a message of the boundary; returns what is to be written down. */
  List<SupervisorEvent> on(Supervisor.Command command) {
    happened.clear();
    if (command instanceof Supervisor.TableSeen seen) {
      onTable(seen);
    } else if (command instanceof Supervisor.CycleOpened opened) {
      onCycleOpened(opened.opened());
    } else if (command instanceof Supervisor.GroupRewritten rewritten) {
      onGroupRewritten(rewritten);
    } else if (command instanceof Supervisor.GroupStored stored) {
      onGroupStored(stored.stored());
    } else if (command instanceof Supervisor.CycleClosed closed) {
      onCycleClosed(closed.closed());
    } else if (command instanceof Supervisor.Evaluated evaluated) {
      onEvaluated(evaluated);
    } else if (command instanceof Supervisor.LedgerSaved saved) {
      onLedgerSaved(saved.saved());
    } else if (command == Supervisor.WorkOverdue.INSTANCE) {
      onWorkOverdue();
    } else if (command == Supervisor.Resend.INSTANCE) {
      onResend();
    }
    return List.copyOf(happened);
  }

  private void onResend() {
    if (question == null) {
      return;
    }
    asked++;
    if (asked > QUIET_QUESTIONS) {
      context
          .getLog()
          .warn(
              "the ledger has not answered in phase {} after {} steps; asked again ({})",
              phase,
              committed,
              asked);
    }
    if (asked > MOST_QUESTIONS) {
      failure =
          "the ledger has not answered in phase %s after %d steps, asked %d times; the log says why"
              .formatted(phase, committed, asked);
      answered();
      return;
    }
    question.run();
    armResend();
  }

  private void onTable(Supervisor.TableSeen seen) {
    if (phase != Phase.TABLE) {
      return;
    }
    answered();
    stamp = seen.content().stamp();
    boolean fresh = committed == 0;
    if (again()) {
      if (due.cycle().isPresent() && !setup.takenOver().orElseThrow().cycleClosed()) {
        openCycle();
      } else {
        evaluate();
      }
    } else if (fresh && due.eval()) {
      evaluate();
    } else {
      proceed();
    }
  }

  /** A new supervisor does once more what may not have been finished at the step it begins with. */
  private boolean again() {
    return committed == setup.startStep() && setup.takenOver().filter(t -> !t.saved()).isPresent();
  }

  // ---- cycle ------------------------------------------------------------------------------------

  private void openCycle() {
    phase = Phase.CYCLE;
    closing = false;
    cycle = null;
    int number = due.cycle().getAsInt();
    ActorRef<Ledger.CycleOpened> adapter =
        context.messageAdapter(Ledger.CycleOpened.class, Supervisor.CycleOpened::new);
    ask(() -> peers.ledger().tell(new Ledger.OpenCycle(number, committed, adapter)));
  }

  private void onCycleOpened(Ledger.CycleOpened opened) {
    if (phase != Phase.CYCLE || cycle != null) {
      return;
    }
    answered();
    cycle = opened;
    unstored.clear();
    rewriting = new WorkPool<>(opened.missingGroups());
    repetition = new Repetition();
    giveWork();
    closeWhenStored();
  }

  private void giveWork() {
    armWorkDeadline();
    for (String id : members.staying()) {
      ActorRef<GpuWorker.Command> worker = members.get(id).ref();
      if (phase == Phase.CYCLE && rewriting != null) {
        rewriting.next(id).ifPresent(g -> worker.tell(new GpuWorker.Rewrite(committed, g, stamp)));
      } else if (phase == Phase.EVAL && evaluating != null) {
        evaluating.next(id).ifPresent(g -> worker.tell(new GpuWorker.Evaluate(committed, g)));
      }
    }
  }

  /** Every group that is given out or comes back starts the time anew. */
  private void armWorkDeadline() {
    if (phase == Phase.CYCLE || phase == Phase.EVAL) {
      timers.startSingleTimer(
          Supervisor.WorkOverdue.INSTANCE,
          Supervisor.WorkOverdue.INSTANCE,
          facts.settings().deadlines().cycleGroup());
    }
  }

  /** Whoever has had a group for that long is taken for dead; the others get it. */
  private void onWorkOverdue() {
    WorkPool<?> pool = phase == Phase.CYCLE ? rewriting : phase == Phase.EVAL ? evaluating : null;
    if (pool == null || pool.workers().isEmpty()) {
      return;
    }
    String reason =
        "%s after %d steps: no group came back for %s; under way: %s; of %s"
            .formatted(
                phase == Phase.CYCLE ? "the rewriting cycle" : "the evaluation",
                committed,
                facts.settings().deadlines().cycleGroup(),
                pool.underWay(),
                presence.named(pool.workers()));
    pool.workers().forEach(w -> context.getSelf().tell(new Supervisor.WorkerFailed(w, reason)));
  }

  private void onGroupRewritten(Supervisor.GroupRewritten rewritten) {
    boolean current =
        phase == Phase.CYCLE
            && cycle != null
            && rewritten.cycle() == cycle.cycle()
            && rewritten.committedSteps() == committed;
    if (!current) {
      return;
    }
    RewriteGroup group =
        cycle.missingGroups().stream()
            .filter(g -> g.group() == rewritten.group())
            .findFirst()
            .orElseThrow();
    if (rewriting.finish(rewritten.worker(), group)) {
      rewritten.outcomes().forEach(outcome -> repetition.add(outcome.completionIds()));
      ActorRef<Ledger.GroupStored> adapter =
          context.messageAdapter(Ledger.GroupStored.class, Supervisor.GroupStored::new);
      unstored.put(
          group.group(),
          new Ledger.StoreGroup(cycle.cycle(), group.group(), rewritten.outcomes(), adapter));
      ask(() -> unstored.values().forEach(peers.ledger()::tell));
    }
    giveWork();
  }

  private void onGroupStored(Ledger.GroupStored stored) {
    if (cycle != null && stored.cycle() == cycle.cycle() && phase == Phase.CYCLE) {
      unstored.remove(stored.group());
      if (unstored.isEmpty() && !closing) {
        answered();
      }
      closeWhenStored();
    }
  }

  private void closeWhenStored() {
    if (!closing && rewriting.complete() && unstored.isEmpty()) {
      closing = true;
      ActorRef<Ledger.CycleClosed> adapter =
          context.messageAdapter(Ledger.CycleClosed.class, Supervisor.CycleClosed::new);
      ask(() -> peers.ledger().tell(new Ledger.CloseCycle(cycle.cycle(), adapter)));
    }
  }

  private void onCycleClosed(Ledger.CycleClosed closed) {
    if (phase != Phase.CYCLE || !closing || closed.cycle() != cycle.cycle()) {
      return;
    }
    answered();
    stamp = closed.table();
    CycleFinished.Builder cycleFinished =
        CycleFinished.newBuilder()
            .setCycle(closed.cycle())
            .setCommittedSteps(committed)
            .setCandidates(cycle.candidates())
            .setAccepted(closed.accepted())
            .setRejected(closed.rejected())
            .setReason(cycle.reason());
    repetition.distinct().ifPresent(cycleFinished::setDistinct);
    CycleFinished finished = cycleFinished.build();
    happened.add(SupervisorEvent.newBuilder().setCycleFinished(finished).build());
    peers.events().tell(new RunEvent.Cycle(finished));
    rewriting = null;
    evaluate();
  }

  // ---- evaluation -------------------------------------------------------------------------------

  private void evaluate() {
    if (!due.eval()) {
      checkpoint();
      return;
    }
    phase = Phase.EVAL;
    int samples = facts.plan().evalSamples();
    int groups = (samples + EngineCompute.EVAL_GROUP - 1) / EngineCompute.EVAL_GROUP;
    fold = new EvalFold();
    evaluating = new WorkPool<>(IntStream.range(0, groups).boxed().toList());
    giveWork();
  }

  private void onEvaluated(Supervisor.Evaluated evaluated) {
    if (phase != Phase.EVAL || evaluated.committedSteps() != committed) {
      return;
    }
    if (evaluating.finish(evaluated.worker(), evaluated.score().group())) {
      fold.add(evaluated.score());
    }
    if (!evaluating.complete()) {
      giveWork();
      return;
    }
    evaluating = null;
    List<OriginScore> scores = fold.scores();
    EvalFinished finished =
        EvalFinished.newBuilder()
            .setCommittedSteps(committed)
            .addAllOrigins(scores)
            .setBest(isBest(scores.get(0)))
            .build();
    happened.add(SupervisorEvent.newBuilder().setEvalFinished(finished).build());
    peers.events().tell(new RunEvent.Eval(finished));
    checkpoint();
  }

  /** Only what is saved can be the best checkpoint. */
  private boolean isBest(OriginScore whole) {
    Optional<EvalMetric> metric = facts.plan().recipe().metricForBest();
    if (metric.isEmpty() || !(due.checkpoint() || last)) {
      return false;
    }
    double value =
        switch (metric.get()) {
          case EVAL_MEAN_P -> whole.getMeanP();
          case EVAL_NLL -> whole.getNll();
          case EVAL_TOP1 -> whole.getTop1();
        };
    boolean better = best.isEmpty() || metric.get().better(value, best.get().getValue());
    if (better) {
      best =
          Optional.of(
              BestMetric.newBuilder()
                  .setName(metricName())
                  .setValue(value)
                  .setCommittedSteps(committed)
                  .build());
    }
    return better;
  }

  // ---- checkpoint -------------------------------------------------------------------------------

  private void checkpoint() {
    if (!due.checkpoint() && !last || committed == setup.startStep() && !again()) {
      proceed();
      return;
    }
    if (committed == 0) {
      proceed();
      return;
    }
    phase = Phase.CHECKPOINT;
    checkpointSince = System.nanoTime();
    ActorRef<Ledger.Saved> adapter =
        context.messageAdapter(Ledger.Saved.class, Supervisor.LedgerSaved::new);
    failedSaves = 0;
    ask(() -> peers.ledger().tell(new Ledger.SaveTo(ledgerFile(), committed, adapter)));
  }

  private void onLedgerSaved(Ledger.Saved saved) {
    if (phase != Phase.CHECKPOINT || saved.committedSteps() != committed) {
      return;
    }
    if (saved.error() != null) {
      // The last steps may still be on their way to the ledger; the question is asked again.
      context.getLog().debug("{}", saved.error());
      if (!saved.early()) {
        onLedgerNotWritten(saved.error());
      }
      return;
    }
    answered();
    ActorRef<Checkpointer.Written> adapter =
        context.messageAdapter(Checkpointer.Written.class, Supervisor.CheckpointWritten::new);
    peers
        .checkpointer()
        .tell(
            new Checkpointer.Write(
                committed,
                Manifest.of(setup, committed, adamSteps, saved.sequenceNr(), stamp, best)
                    .toByteArray(),
                Manifest.trainerState(facts.plan(), committed, best),
                ledgerFile(),
                adapter));
    blockedSeconds.put(committed, (System.nanoTime() - checkpointSince) / 1e9);
    proceed();
  }

  private String ledgerFile() {
    Path outputDir = facts.plan().recipe().outputDir();
    return CheckpointWriter.waitingLedger(outputDir, committed).toString();
  }

  /** A disk that is full stays full: it is tried a few times, within a second, and then named. */
  private void onLedgerNotWritten(String error) {
    failedSaves++;
    context.getLog().warn("{} (attempt {} of {})", error, failedSaves, MOST_FAILED_SAVES);
    if (failedSaves >= MOST_FAILED_SAVES) {
      failure =
          "the checkpoint after %d steps cannot be written: %s. Make room or mend the permissions; older checkpoints are untouched, so `--resume` goes on from the newest."
              .formatted(committed, error);
      answered();
    }
  }

  /** How long the run stood still for a checkpoint that is written now. */
  double blockedSeconds(long committedSteps) {
    Double seconds = blockedSeconds.remove(committedSteps);
    return seconds == null ? 0 : seconds;
  }

  private void proceed() {
    phase = Phase.NONE;
    if (!last) {
      members
          .all()
          .values()
          .forEach(member -> member.ref().tell(new GpuWorker.Proceed(committed, stamp)));
      peers.server().tell(new ParameterServer.Resumed(committed, stamp));
    } else if (committed == setup.startStep() && !again()) {
      failure = "nothing is left to do: all %d steps are done".formatted(committed);
    }
  }
}
