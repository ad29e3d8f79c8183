package io.akkord.actors.simulation;

import akka.actor.InternalActorRef;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Adapter;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.checkpoint.CheckpointReader;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerSeed;
import io.akkord.actors.ledger.LedgerSetup;
import io.akkord.actors.ledger.ScoreKind;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.run.StartingPoint;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.supervisor.SupervisorSetup;
import io.akkord.actors.takeover.KeptCopy;
import io.akkord.actors.takeover.SliceSurvey;
import io.akkord.actors.takeover.TakeOver;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.Recipe;
import io.akkord.proto.CheckpointManifest;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** A process that carries the run: begins attempt after attempt, as long as no other head does. */
final class SimHead {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T12:00:00Z"), ZoneOffset.UTC);

  final SimProcess process;

  /** The attempt that goes on here, or null. */
  SimAttempt attempt;

  private final Simulation simulation;
  private final SimLoop loop;
  private final Scenario scenario;
  private final Bulk lanes;
  private final SimHost control;
  private ActorRef<SliceSurvey.Command> survey;
  private boolean headless;
  private final Set<SimHost> hidden = new HashSet<>();

  SimHead(Simulation simulation, SimProcess process) {
    this.simulation = simulation;
    this.loop = simulation.loop;
    this.scenario = simulation.scenario;
    this.process = process;
    this.lanes = simulation.network.lanesOf(process);
    lanes.watch(this::onPeerLost);
    this.control = simulation.keepsSlices ? null : simulation.host(process, lanes);
  }

  void start() {
    loop.after(Duration.ofMillis(1), process, () -> begin(true));
  }

  /** A network that is parted has this head not see a host for a while. */
  void hide(SimHost host, Duration time) {
    hidden.add(host);
    simulation.network.lose(process, host.process, 1, time);
    loop.after(
        time,
        null,
        () -> {
          hidden.remove(host);
          if (host.process.alive && process.alive) {
            startOn(host);
          }
        });
  }

  private List<SimHost> hosts() {
    return simulation.hosts.values().stream().filter(host -> !hidden.contains(host)).toList();
  }

  List<SimHost> hostsAndControl() {
    List<SimHost> all = new ArrayList<>(hosts());
    if (control != null) {
      all.add(control);
    }
    return all;
  }

  /** A host is there that was not. */
  void startOn(SimHost host) {
    if (attempt != null && attempt.started && process.alive) {
      loop.as(process, () -> attempt.startOn(host.ref));
    }
    tellSurvey();
  }

  /** A host is gone. */
  void left() {
    tellSurvey();
    if (attempt != null && attempt.started) {
      SimAttempt of = attempt;
      int left = hosts().size();
      loop.after(
          simulation.trouble.pause(),
          process,
          () -> of.supervisor.tell(new Supervisor.HostsLeft(left)));
    }
  }

  private void onPeerLost(String endpoint, String reason) {
    if (attempt != null && attempt.started) {
      attempt.supervisor.tell(new Supervisor.PeerLost(endpoint, reason));
    }
  }

  // ---- attempts ---------------------------------------------------------------------------------

  /**
   * A head that has lost the run's lock ends with the attempt it has. The product's could begin
   * another one until the cluster ends it; that is not played here.
   */
  private boolean mayBegin() {
    return this == simulation.head && process.alive && !simulation.finished;
  }

  /** Asks the workers what they have kept, if they may have, and begins an attempt. */
  private void begin(boolean mayTakeOver) {
    if (!mayBegin()) {
      return;
    }
    if (hosts().isEmpty()) {
      loop.after(Duration.ofSeconds(1), process, () -> begin(mayTakeOver));
      return;
    }
    if (!mayTakeOver || simulation.lastAttempt() == 0) {
      begin(List.of());
      return;
    }
    CompletableFuture<List<KeptCopy>> found = new CompletableFuture<>();
    SliceSurvey.Question question;
    try (LedgerReader ledger = simulation.ledger()) {
      Set<Long> lineage = ledger.lineage();
      question =
          new SliceSurvey.Question(
              Scenario.RUN,
              ledger.lastAttempt() + 1,
              hosts().size(),
              scenario.settings().deadlines().survey(),
              copies ->
                  StartingPoint.choose(copies, scenario.layout(), 1, lineage, 0)
                      instanceof TakeOver.GoOn);
    }
    survey = simulation.spawn(process, "survey", SliceSurvey.create(question, found));
    tellSurvey();
    found.thenAccept(
        kept -> {
          survey = null;
          loop.after(Duration.ofMillis(1), process, () -> begin(kept));
        });
  }

  private void tellSurvey() {
    if (survey != null && process.alive) {
      Set<ActorRef<WorkerHost.Command>> all = new LinkedHashSet<>();
      hostsAndControl().forEach(host -> all.add(host.ref));
      loop.as(process, () -> survey.tell(new SliceSurvey.Hosts(all)));
    }
  }

  private void begin(List<KeptCopy> kept) {
    if (!mayBegin()) {
      return;
    }
    if (hosts().isEmpty()) {
      loop.after(Duration.ofSeconds(1), process, () -> begin(kept));
      return;
    }
    Optional<Checkpoint> checkpoint =
        Checkpoints.newestVerified(simulation.world.outputDir(), reason -> {});
    CheckpointReader reader = checkpoint.map(c -> CheckpointReader.open(c.folder())).orElse(null);
    long saved = reader == null ? 0 : reader.manifest().getCommittedSteps();
    StartingPoint point;
    Optional<LedgerSeed> seed;
    try (LedgerReader ledger = simulation.ledger()) {
      point = StartingPoint.find(kept, scenario.layout(), 1, ledger, Scenario.RUN, saved).point();
      seed =
          point != null
              ? Optional.of(planted(point.seed()))
              : Optional.ofNullable(reader)
                  .map(r -> new LedgerSeed(r.ledger(), ledger.finishedGroupsAfter(saved)));
    }
    if (saved == scenario.plan().totalSteps()) {
      publish(kept);
      return;
    }
    long start = point == null ? saved : point.version();
    long number = simulation.lastAttempt() + 1;
    RunFacts now = simulation.begins(number, point, start);
    SimAttempt next =
        new SimAttempt(
            new SimAttempt.Parts(
                now,
                setup(now, start, reader, Optional.ofNullable(point)),
                ledgerSetup(now, number, seed),
                simulation.disk.sync(),
                initial(now, reader),
                simulation.files.writer(scenario.plan().recipe().saveTotalLimit().orElse(0), CLOCK),
                this::isTakenOver,
                lanes,
                control == null ? null : control.ref,
                this::onEvent,
                this::onStopped));
    attempt = next;
    List<SimHost> known = hosts();
    next.actor =
        simulation.spawn(
            process, "run", next.create(() -> known.forEach(host -> next.startOn(host.ref))));
  }

  /** Nothing is left to do. The final model lies beside the checkpoints, and is forced there. */
  private void publish(List<KeptCopy> kept) {
    try {
      simulation.files.force(simulation.world.outputDir());
      simulation.finished = process.alive;
    } catch (IOException e) {
      loop.after(Duration.ofSeconds(1), process, () -> begin(kept));
    }
  }

  private boolean isTakenOver() {
    return simulation.disk.isTakenFrom(process)
        && !simulation.planted.contains(Faults.CHECKPOINT_WITHOUT_LOCK);
  }

  private LedgerSeed planted(LedgerSeed seed) {
    return simulation.planted.contains(Faults.FORGET_THE_COMMIT_RECORDS)
        ? new LedgerSeed(seed.image(), seed.finishedGroups(), List.of(), seed.takenOverFrom())
        : seed;
  }

  private SupervisorSetup setup(
      RunFacts now, long start, CheckpointReader reader, Optional<StartingPoint> point) {
    boolean best = reader != null && reader.manifest().hasBest();
    return new SupervisorSetup(
        now,
        start,
        point
            .map(p -> p.plan().last().adamSteps())
            .orElse(reader == null ? 0 : reader.manifest().getAdamSteps()),
        hosts().size(),
        simulation.replicas,
        CheckpointManifest.newBuilder().setRecipeFingerprint("simulated").build(),
        best ? OptionalDouble.of(reader.manifest().getBest().getValue()) : OptionalDouble.empty(),
        best
            ? OptionalLong.of(reader.manifest().getBest().getCommittedSteps())
            : OptionalLong.empty(),
        point.map(p -> p.takenOver(reader == null ? 0 : reader.manifest().getCommittedSteps())));
  }

  private LedgerSetup ledgerSetup(RunFacts now, long number, Optional<LedgerSeed> seed) {
    Recipe recipe = now.plan().recipe();
    Recipe.Rewrite rewrite = recipe.rewriteOrDefaults();
    return new LedgerSetup(
        now.runId(),
        simulation.planted.contains(Faults.COMMIT_BY_STEP_ALONE) ? 1 : number,
        now.plan().samples(),
        rewrite.decay(),
        rewrite.score() == Recipe.Score.C ? ScoreKind.C : ScoreKind.Z,
        recipe.cadft().epsilon(),
        rewrite.minVisits(),
        rewrite.fraction(),
        rewrite.probability(),
        recipe.seed(),
        rewrite.batch(),
        seed,
        false);
  }

  private SliceStore.Initial initial(RunFacts now, CheckpointReader reader) {
    if (reader == null) {
      return new SliceStore.Initial(
          (from, dst) -> {
            for (long i = from; dst.hasRemaining(); i++) {
              dst.putDouble(inLayout(i) ? Chain.number(i) : 0);
            }
          },
          null,
          null);
    }
    var tensors = Checkpointer.tensors(now);
    var dtype = Checkpointer.dtype(now);
    return new SliceStore.Initial(
        reader.weights(tensors, dtype),
        reader.firstMoment(tensors, dtype),
        reader.secondMoment(tensors, dtype));
  }

  private boolean inLayout(long element) {
    return scenario.layout().parameters().stream()
        .anyMatch(p -> element >= p.offset() && element < p.offset() + p.elements());
  }

  private void onEvent(RunEvent event) {
    loop.transcript.add(loop.now(), 5, () -> process + " event " + event);
    if (event instanceof RunEvent.Ended ended) {
      SimAttempt over = attempt;
      loop.after(Duration.ofMillis(10), process, () -> endAttempt(over, ended));
    }
    if (this == simulation.head) {
      simulation.onEvent(event);
    }
  }

  private void endAttempt(SimAttempt over, RunEvent.Ended ended) {
    if (simulation.finished || over != attempt) {
      return;
    }
    boolean current = this == simulation.head;
    if (current && ended.outcome().equals("finished")) {
      simulation.finished = true;
      return;
    }
    headless = ended.outcome().equals(Supervisor.HEADLESS);
    if (current) {
      simulation.trouble.attemptEnded();
    }
    if (!headless) {
      var stop = new WorkerHost.StopRun(Scenario.RUN, over.number());
      hostsAndControl().forEach(host -> host.ref.tell(stop));
    }
    ((InternalActorRef) Adapter.toClassic(over.actor)).stop();
  }

  private void onStopped() {
    attempt = null;
    boolean mayTakeOver = headless;
    headless = false;
    loop.after(Duration.ofMillis(100), process, () -> begin(mayTakeOver));
  }
}
