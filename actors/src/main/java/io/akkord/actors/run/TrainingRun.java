package io.akkord.actors.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.Props;
import io.akkord.actors.checkpoint.CheckpointReader;
import io.akkord.actors.checkpoint.CheckpointWriter;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.disk.Durable;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.LedgerCompaction;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerSeed;
import io.akkord.actors.ledger.LedgerSetup;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.supervisor.SupervisorSetup;
import io.akkord.actors.takeover.KeptCopy;
import io.akkord.actors.takeover.SliceSurvey;
import io.akkord.actors.takeover.TakeOver;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.CyclePlan;
import io.akkord.config.Recipe;
import io.akkord.config.RunDescription;
import io.akkord.config.RunPlan;
import io.akkord.model.UserError;
import io.akkord.model.hf.HfFolder;
import io.akkord.proto.CheckpointManifest;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * One training run: opens what it reads, starts attempt after attempt until one finishes, stops or
 * fails for good, closes everything in order.
 */
public final class TrainingRun {
  private static final int STOP_SECONDS = 60;
  private static final int GRACE_MILLIS = 2000;

  /** Attempts in a row that commit nothing. */
  private static final int MOST_FRUITLESS = 3;

  /** Opens where the actors live, once folder, model and data are known to be good. */
  @FunctionalInterface
  public interface RuntimeOpener {
    /** Opens it for a run that writes into the folder. */
    RunRuntime open(Path outputDir);
  }

  /** Outcome of a run whose node was cut off: another process may go on with it. */
  public static final String CUT_OFF = "lost";

  private final TrainOptions options;
  private final Recipe recipe;
  private final OutputFolder output;
  private final Inputs inputs;
  private final RunRuntime runtime;
  private final Listeners listeners;
  private final ContentSettings content;
  private final HistoryKeeper history;
  private final CompletableFuture<RunResult> result = new CompletableFuture<>();
  private volatile Attempt attempt;
  private String stopReason;
  private String notTakenOver;
  private int fruitless;
  private volatile int hostsSeen;
  private volatile boolean closing;
  private final AtomicBoolean closed = new AtomicBoolean();
  private EventsFile events;

  /** What of an attempt must be ended. */
  private record Attempt(
      long number,
      long start,
      ActorRef<RunActor.Command> actor,
      AutoCloseable hosts,
      CompletableFuture<Void> stopped) {}

  private TrainingRun(
      TrainOptions options, OutputFolder output, Inputs inputs, RunRuntime runtime) {
    this.options = options;
    this.recipe = options.recipe().recipe();
    this.output = output;
    this.inputs = inputs;
    this.runtime = runtime;
    this.listeners = new Listeners().with("the run's listener", options.listener());
    listeners.recordTo(this::note);
    this.content = ContentSettings.read(runtime.system().settings().config());
    this.history =
        new HistoryKeeper(
            recipe.outputDir(),
            output.runId(),
            runtime.journal(),
            runtime
                .system()
                .dispatchers()
                .lookup(DispatcherSelector.fromConfig("akkord.blocking-io")));
    runtime.bulk().watch(this::onPeerLost);
    runtime.system().getWhenTerminated().thenRun(this::onCutOff);
  }

  /** The actors are gone without a word of ours: the cluster has gone on without this node. */
  private void onCutOff() {
    if (!closing) {
      closing = true;
      Thread closer =
          new Thread(
              () -> {
                String reason = "this node was cut off from the cluster, which goes on without it";
                try {
                  close();
                } finally {
                  result.complete(new RunResult(output.runId(), 0, CUT_OFF, reason, null));
                }
              },
              "akkord-close");
      closer.start();
    }
  }

  private void onPeerLost(String endpoint, String reason) {
    Attempt now = attempt;
    if (now != null) {
      now.actor().tell(new RunActor.ToSupervisor(new Supervisor.PeerLost(endpoint, reason)));
    }
  }

  /**
   * Starts a run with all its actors in this JVM.
   *
   * @throws UserError for everything that is wrong before the first step; nothing is left behind
   *     then
   */
  public static TrainingRun start(TrainOptions options) {
    return start(
        options,
        folder -> {
          Journal journal = Journal.open(folder);
          return InJvmRuntime.start(journal, options.settings(), options.workers(), false);
        });
  }

  /**
   * Starts a run.
   *
   * @throws UserError for everything that is wrong before the first step; nothing is left behind
   *     then
   */
  public static TrainingRun start(TrainOptions options, RuntimeOpener opener) {
    Recipe recipe = options.recipe().recipe();
    // What can be wrong with the model is said before a folder is made.
    HfFolder.open(recipe.modelNameOrPath());
    OutputFolder output =
        options.resume()
            ? OutputFolder.resume(recipe, Durable.real())
            : OutputFolder.create(recipe, Durable.real());
    Inputs inputs = null;
    RunRuntime runtime = null;
    TrainingRun run = null;
    try {
      inputs = Inputs.open(recipe, options.say());
      requireRoom(options, inputs);
      runtime = opener.open(recipe.outputDir());
      // The journal is locked now: nobody else writes into this folder.
      CheckpointWriter.clean(recipe.outputDir());
      LedgerCompaction.clean(recipe.outputDir());
      run = new TrainingRun(options, output, inputs, runtime);
      RunDescription.lines(options.recipe(), inputs.plan).forEach(options.say());
      // Slices that workers have kept belong to the run as it was.
      run.begin(options.resume(), options.resume() && options.resumeAnyway().isEmpty());
      return run;
    } catch (RuntimeException | Error e) {
      if (run != null) {
        run.closing = true;
      }
      if (inputs != null) {
        inputs.close();
      }
      if (runtime != null) {
        runtime.close();
      }
      if (!options.resume()) {
        output.remove();
      }
      throw e;
    }
  }

  private static void requireRoom(TrainOptions options, Inputs inputs) {
    Recipe recipe = options.recipe().recipe();
    List<Checkpoints.Checkpoint> kept =
        Checkpoints.list(recipe.outputDir()).stream()
            .filter(c -> Checkpoints.incomplete(c.folder()).isEmpty())
            .toList();
    long done = kept.isEmpty() ? 0 : kept.get(0).committedSteps();
    long steps = inputs.plan.totalSteps() - done;
    if (steps > 0) {
      DiskNeed.of(
              inputs.plan,
              inputs.layout.size(),
              Checkpointer.dtype(recipe.dtype()),
              steps,
              kept.size())
          .require(options.space(), recipe.outputDir());
    }
  }

  private void begin(boolean resume, boolean mayTakeOver) {
    // Two processes that count on from the same journal would choose the same number.
    runtime.journal().requireOnlyWriter();
    try (LedgerReader ledger =
        LedgerReader.of(recipe.outputDir(), output.runId(), runtime.journal())) {
      List<KeptCopy> kept = mayTakeOver ? survey(ledger) : List.of();
      begin(resume, ledger, kept);
    }
  }

  /** Asks the workers of an earlier attempt what they have kept; nothing of this is in an actor. */
  private List<KeptCopy> survey(LedgerReader ledger) {
    if (ledger.lastAttempt() == 0) {
      return List.of();
    }
    Set<Long> lineage = ledger.lineage();
    Duration deadline = options.settings().deadlines().survey();
    CompletableFuture<List<KeptCopy>> found = new CompletableFuture<>();
    ActorRef<SliceSurvey.Command> survey =
        runtime
            .system()
            .systemActorOf(
                SliceSurvey.create(
                    new SliceSurvey.Question(
                        output.runId(),
                        ledger.lastAttempt() + 1,
                        options.workers(),
                        deadline,
                        copies -> choose(copies, lineage, 0) instanceof TakeOver.GoOn),
                    found),
                "slice-survey-" + UUID.randomUUID(),
                Props.empty());
    Consumer<Set<ActorRef<WorkerHost.Command>>> tell =
        hosts -> {
          Set<ActorRef<WorkerHost.Command>> all = new HashSet<>(hosts);
          Optional.ofNullable(runtime.control()).ifPresent(all::add);
          survey.tell(new SliceSurvey.Hosts(all));
        };
    try (AutoCloseable hosts = runtime.hosts(tell)) {
      return found.get(deadline.toMillis() + GRACE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    } catch (Exception e) {
      options.say().accept("what workers have kept is not known: " + e);
      return List.of();
    }
  }

  private TakeOver.Decision choose(List<KeptCopy> copies, Set<Long> lineage, long checkpoint) {
    return StartingPoint.choose(
        copies, inputs.layout, recipe.parameterShards().orElse(1), lineage, checkpoint);
  }

  /** Where the attempt begins if it takes over; tells why it does not if something was kept. */
  private Optional<StartingPoint> startingPoint(
      LedgerReader ledger, List<KeptCopy> kept, long checkpoint) {
    StartingPoint.Found found =
        StartingPoint.find(
            kept,
            inputs.layout,
            recipe.parameterShards().orElse(1),
            ledger,
            output.runId(),
            checkpoint);
    if (found.reason() != null) {
      notTakenOver =
          "the slices that workers have kept are not taken over, the attempt goes on from the checkpoint: "
              + found.reason();
      options.say().accept(notTakenOver);
    }
    return Optional.ofNullable(found.point());
  }

  private synchronized void begin(boolean resume, LedgerReader ledger, List<KeptCopy> kept) {
    notTakenOver = null;
    Inputs.Continued from =
        resume
            ? inputs.checkpoint(output, options.resumeAnyway(), options.say())
            : new Inputs.Continued(Optional.empty(), List.of(), false);
    Optional<Path> checkpoint = from.checkpoint();
    CheckpointReader reader = checkpoint.map(CheckpointReader::open).orElse(null);
    long saved = reader == null ? 0 : reader.manifest().getCommittedSteps();
    StartingPoint point = startingPoint(ledger, kept, saved).orElse(null);
    long start = point == null ? saved : point.version();
    long number = ledger.lastAttempt() + 1;
    int workers = hostsSeen > 0 ? Math.min(hostsSeen, options.workers()) : options.workers();
    int parameterShards =
        point == null ? recipe.parameterShards().orElse(workers) : point.plan().keepers().size();
    RunFacts facts =
        RunFacts.of(
            output.runId(),
            number,
            inputs.plan,
            options.settings(),
            inputs.layout,
            parameterShards);
    requireSlicesFit(facts);
    if (resume) {
      options
          .say()
          .accept(
              point != null
                  ? "attempt %d %s".formatted(number, point.text())
                  : reader == null
                      ? "no checkpoint yet: attempt %d starts from the beginning".formatted(number)
                      : "attempt %d continues %s after step %d"
                          .formatted(number, checkpoint.get().getFileName(), start));
    }
    if (saved == inputs.plan.totalSteps()) {
      finishWithoutActors(start, checkpoint.get());
      return;
    }
    Optional<LedgerSeed> seed =
        point != null
            ? Optional.of(point.seed())
            : Optional.ofNullable(reader)
                .map(
                    r ->
                        new LedgerSeed(
                            r.ledger(),
                            from.differs() ? List.of() : finishedGroups(ledger, start)));
    SliceStore.Initial initial = reader == null ? inputs.fresh() : Inputs.resumed(facts, reader);
    LedgerSetup ledgerSetup = AttemptFacts.ledger(facts, seed, from.differs());
    List<String> notes = remarks(from, reader);
    record(from);
    notes.forEach(options.say());
    events = EventsFile.open(recipe.outputDir(), this::on);
    events.on(opened(facts, start, workers));
    notes.forEach(note -> events.on(new RunEvent.Note(note)));
    if (point != null) {
      events.on(new RunEvent.Note(point.text()));
    } else if (notTakenOver != null) {
      events.on(new RunEvent.Note(notTakenOver));
    }
    // What is due at the step that is taken over may be done once more.
    long lastEval = point == null || saved == start ? start : start - 1;
    MetricsFile metrics = MetricsFile.open(recipe.outputDir(), start, lastEval);
    RunParts parts =
        new RunParts(
            facts,
            setup(facts, start, workers, reader, Optional.ofNullable(point)),
            inputs,
            initial,
            ledgerSetup,
            point == null ? List.of() : point.missed(metrics.lastStep()),
            metrics,
            TensorBoardFile.open(recipe.outputDir(), number, start, Clock.systemUTC()),
            events,
            content,
            runtime.journal(),
            runtime.bulk(),
            options.space(),
            runtime.control());
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    ActorRef<RunActor.Command> actor =
        runtime
            .system()
            .systemActorOf(
                RunActor.create(parts, stopped),
                "run-%s-%d".formatted(output.runId(), number),
                Props.empty());
    AutoCloseable hosts =
        runtime.hosts(
            now -> {
              hostsSeen = now.size();
              actor.tell(new RunActor.Hosts(now));
            });
    attempt = new Attempt(number, start, actor, hosts, stopped);
    if (stopReason != null) {
      stop(stopReason);
    }
  }

  /** Without them they are only rewritten once more. */
  private List<LedgerSeed.FinishedGroup> finishedGroups(LedgerReader ledger, long start) {
    try {
      return ledger.finishedGroupsAfter(start);
    } catch (UserError e) {
      options
          .say()
          .accept("groups that were rewritten already are rewritten again: " + e.getMessage());
      return List.of();
    }
  }

  private static List<String> remarks(Inputs.Continued from, CheckpointReader reader) {
    List<String> notes = new ArrayList<>(from.notes());
    Optional.ofNullable(reader)
        .flatMap(r -> CodeFingerprint.difference(r.manifest().getCode(), CodeFingerprint.here()))
        .ifPresent(notes::add);
    return notes;
  }

  /** Now it is known that the run can go on as it is asked to: that is what it is from here on. */
  private void record(Inputs.Continued from) {
    RunIdentity before = output.identity();
    RunIdentity now = inputs.identity();
    if (before == null) {
      output.record(recipe, now);
    } else if (from.differs()) {
      output.record(recipe, now.insteadOf(before));
    }
  }

  private RunEvent.Opened opened(RunFacts facts, long start, int workers) {
    Optional<CyclePlan> cycles = inputs.plan.cycles().filter(plan -> plan.count() > 0);
    return new RunEvent.Opened(
        facts.runId(),
        facts.attempt(),
        start,
        inputs.plan.totalSteps(),
        inputs.plan.samples(),
        workers,
        cycles.map(CyclePlan::warmup).orElse(0L),
        cycles.map(CyclePlan::every).orElse(0L),
        cycles.map(CyclePlan::count).orElse(0L),
        options.recipe().settings());
  }

  private static void requireSlicesFit(RunFacts facts) {
    long limit = Integer.MAX_VALUE / Double.BYTES;
    facts.slices().stream()
        .filter(slice -> slice.elements() > limit)
        .findFirst()
        .ifPresent(
            slice -> {
              throw new UserError(
                  "parameter_shards is %d, which makes slices of %d parameters; at most %d are possible, so raise it to %d or more"
                      .formatted(
                          facts.slices().size(),
                          slice.elements(),
                          limit,
                          facts.layout().size() / limit + 1));
            });
  }

  private SupervisorSetup setup(
      RunFacts facts,
      long start,
      int workers,
      CheckpointReader reader,
      Optional<StartingPoint> point) {
    boolean best = reader != null && reader.manifest().hasBest();
    return new SupervisorSetup(
        facts,
        start,
        point.map(p -> p.plan().last().adamSteps()).orElse(saved(reader).getAdamSteps()),
        workers,
        recipe.parameterServer().replicas(),
        AttemptFacts.manifest(recipe, inputs),
        best ? OptionalDouble.of(reader.manifest().getBest().getValue()) : OptionalDouble.empty(),
        best
            ? OptionalLong.of(reader.manifest().getBest().getCommittedSteps())
            : OptionalLong.empty(),
        point.map(p -> p.takenOver(saved(reader).getCommittedSteps())));
  }

  private static CheckpointManifest saved(CheckpointReader reader) {
    return reader == null ? CheckpointManifest.getDefaultInstance() : reader.manifest();
  }

  private void finishWithoutActors(long steps, Path checkpoint) {
    closing = true;
    output.publish(checkpoint);
    close();
    result.complete(
        new RunResult(
            output.runId(), steps, "finished", "all steps were done already", checkpoint));
  }

  /**
   * Puts something that a person should know on record, as if the run had said it; for its
   * listener, while that is told something.
   */
  public void note(String text) {
    events.on(new RunEvent.Note(text));
  }

  private void on(RunEvent event) {
    if (event instanceof RunEvent.Ended ended) {
      Thread closer = new Thread(() -> endAttempt(ended), "akkord-close");
      closer.start();
      return;
    }
    if (event instanceof RunEvent.Worker worker && worker.state().equals("lost")) {
      runtime.lost(worker.id());
    }
    listeners.on(event);
    if (event instanceof RunEvent.Checkpoint saved) {
      history.onCheckpoint(attempt.number(), saved.finished().getCommittedSteps());
    }
  }

  /** After the actors: their last messages still write to the journal. */
  private void endAttempt(RunEvent.Ended ended) {
    try {
      // Also when the run is to stop: the new one saves what the workers have kept.
      boolean headless = ended.outcome().equals(Supervisor.HEADLESS);
      Attempt over = end(headless);
      if (headless || ended.outcome().equals(Supervisor.LOST) && stopReason == null) {
        fruitless = ended.committedSteps() > over.start() ? 0 : fruitless + 1;
        if (fruitless < MOST_FRUITLESS) {
          String text =
              headless
                  ? "attempt ended after step %d: %s; a new one asks the workers what they have"
                  : "attempt ended after step %d: %s; a new one starts from the last checkpoint";
          listeners.on(new RunEvent.Note(text.formatted(ended.committedSteps(), ended.reason())));
          begin(true, headless);
          return;
        }
      }
      finish(ended);
    } catch (Throwable e) {
      // Whoever waits for the result would wait for ever, an Error or not.
      giveUp(e);
    }
  }

  /** Nothing of the run is left open, and whoever waits for it is told why. */
  private void giveUp(Throwable why) {
    try {
      close();
    } catch (RuntimeException e) {
      why.addSuppressed(e);
    }
    result.completeExceptionally(why);
  }

  /** Once. */
  private void close() {
    closing = true;
    if (closed.compareAndSet(false, true)) {
      try {
        inputs.close();
      } finally {
        runtime.close();
      }
    }
  }

  private synchronized Attempt end(boolean keepSlices) throws Exception {
    Attempt over = attempt;
    over.hosts().close();
    over.actor().tell(new RunActor.Stop(keepSlices));
    over.stopped().get(STOP_SECONDS, TimeUnit.SECONDS);
    events.close();
    history.finish(STOP_SECONDS);
    return over;
  }

  private void finish(RunEvent.Ended ended) {
    closing = true;
    listeners.on(ended);
    close();
    Path checkpoint = ended.checkpoint() == null ? null : Path.of(ended.checkpoint());
    if (ended.outcome().equals("finished")) {
      output.publish(checkpoint);
    }
    boolean given = List.of(Supervisor.LOST, Supervisor.HEADLESS).contains(ended.outcome());
    String outcome = given ? "failed" : ended.outcome();
    result.complete(
        new RunResult(output.runId(), ended.committedSteps(), outcome, ended.reason(), checkpoint));
  }

  /** Ends the run after the step in flight with a checkpoint. */
  public synchronized void stop(String reason) {
    stopReason = reason;
    if (attempt != null) {
      attempt.actor().tell(new RunActor.ToSupervisor(new Supervisor.Stop(reason)));
    }
  }

  /** Reads the ledger this run writes; fails once the run has ended. */
  public LedgerReader ledger() {
    return LedgerReader.of(recipe.outputDir(), output.runId(), runtime.journal());
  }

  /** The actors of this node as they are now. */
  public List<ActorTree.Row> actors() {
    return ActorTree.of(runtime.system());
  }

  /** Devices of this process that compute for it. */
  public List<String> devices() {
    return runtime.devices();
  }

  /** Other processes that belong to this run alone, as they last said of themselves. */
  public List<NodeBoard.Node> nodes() {
    return runtime.nodes();
  }

  /** For tests that end actors. */
  ActorSystem<?> system() {
    return runtime.system();
  }

  /** The arithmetic of the run. */
  public RunPlan plan() {
    return inputs.plan;
  }

  /** Completes when everything is closed. */
  public CompletionStage<RunResult> result() {
    return result;
  }
}
