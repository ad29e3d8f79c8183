package io.akkord.actors.simulation;

import akka.actor.InternalActorRef;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
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
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * One seed: a run on a head and some workers, everything that happens to them, and what must be
 * true all the same. Whoever starts a run again when it has ended badly is played here; all else is
 * the product.
 */
final class Simulation {
  private static final Duration LONGEST = Duration.ofHours(48);
  private static final long MOST_EVENTS = 400_000;
  private static final int MOST_ATTEMPTS = 40;

  /** Two versions and two steps to every copy of every slice, and what a late worker adds. */
  private static final int MOST_BLOCKS = 500;

  /** One buffer for each subtree of two assignments, for two steps. */
  private static final int MOST_GRADIENTS = 16;

  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T12:00:00Z"), ZoneOffset.UTC);

  /** How a seed ended. */
  record Result(
      String hash,
      long events,
      int attempts,
      int takeOvers,
      int faults,
      Duration took,
      long history) {}

  final SimWorld world;
  final SimLoop loop;
  final long seed;
  final Set<Faults> planted;
  final Scenario scenario;
  final SimNetwork network;
  final SimDisk disk;
  final HeadDisk files;
  final Invariants invariants;
  final Ghosts ghosts;
  final Map<String, SimHost> hosts = new LinkedHashMap<>();
  private final List<Integer> slicesOf = new ArrayList<>();
  private final Map<SimProcess, List<ActorRef<?>>> actors = new LinkedHashMap<>();
  private final Trouble trouble;
  private final boolean keepsSlices;
  private final int replicas;
  private final int workers;
  SimProcess head;
  SimAttempt attempt;
  private Bulk headLanes;
  private SimHost control;
  private int heads;
  private int processes;
  private int attempts;
  private int takeOvers;
  private final List<Long> reported = new ArrayList<>();
  private ActorRef<SliceSurvey.Command> survey;
  private boolean headless;
  private boolean finished;

  /**
   * A seed.
   *
   * @param quiet nothing happens: one worker, one slice
   */
  Simulation(SimWorld world, long seed, Set<Faults> planted, boolean quiet) {
    this.world = world;
    this.loop = world.loop;
    this.seed = seed;
    this.planted = planted;
    this.scenario = world.scenario((int) Math.floorMod(seed, Scenario.KINDS));
    loop.network = null;
    loop.disk = null;
    loop.reset(Chain.mix(seed));
    this.disk = new SimDisk(loop);
    this.files = new HeadDisk(this);
    this.ghosts = new Ghosts(this);
    this.invariants = new Invariants(this);
    this.network = new SimNetwork(loop, invariants);
    // Now and then more than there are shares of a step: some have nothing to compute.
    int most = loop.random().nextInt(8) == 0 ? 6 : 3;
    this.workers = quiet ? 1 : 1 + loop.random().nextInt(most);
    this.keepsSlices = !quiet && loop.random().nextInt(3) > 0;
    this.replicas = loop.random().nextInt(2);
    this.trouble = new Trouble(this, quiet);
    if (planted.contains(Faults.NO_FSYNC)) {
      disk.skipSyncs();
    }
  }

  /** Runs to the end. */
  Result run() {
    Broken.forget();
    world.emptyDisk();
    loop.network = network;
    loop.disk = disk;
    try {
      for (int i = 0; i < workers; i++) {
        startWorker();
      }
      startHead();
      while (!finished) {
        Broken.unless(loop.step(), "nothing happens any more; attempt %d", attempts);
        afterEvent();
      }
      return end();
    } finally {
      stopAll();
      loop.network = null;
      loop.disk = null;
    }
  }

  private void afterEvent() {
    Broken.throwLast();
    trouble.afterEvent();
    for (SimProcess process : List.copyOf(actors.keySet())) {
      if (!process.alive) {
        bury(process);
      }
    }
    Broken.unless(
        loop.now() < LONGEST.toNanos(), "a wait does not end: attempt %d is not over", attempts);
    Broken.unless(network.blocksUnderWay() < MOST_BLOCKS, "%d blocks are under way", MOST_BLOCKS);
    for (SimHost host : hosts.values()) {
      Broken.unless(
          host.lent() <= MOST_GRADIENTS, "%s has lent %d gradients", host.process, host.lent());
    }
    Broken.unless(loop.ran() < MOST_EVENTS, "%d events and no end", MOST_EVENTS);
  }

  // ---- processes --------------------------------------------------------------------------------

  List<SimHost> hostsAndControl() {
    List<SimHost> all = new ArrayList<>(hosts.values());
    if (control != null) {
      all.add(control);
    }
    return all;
  }

  private void startHead() {
    if (finished) {
      return;
    }
    head = loop.process("head" + ++heads);
    actors.put(head, new ArrayList<>());
    headLanes = network.lanesOf(head);
    headLanes.watch(this::onPeerLost);
    disk.head = head;
    SimProcess mine = head;
    control = null;
    if (!keepsSlices) {
      control = host(head, headLanes);
    }
    survey = null;
    loop.after(Duration.ofMillis(1), head, () -> begin(mine, true));
  }

  private SimHost host(SimProcess process, Bulk bulk) {
    SimHost host = new SimHost(loop, process, bulk, this::factsOf, scenario.badStep(), planted);
    host.ref = spawn(process, "host", host.create());
    return host;
  }

  void startWorker() {
    if (finished) {
      return;
    }
    SimProcess process = loop.process("w" + ++processes);
    actors.put(process, new ArrayList<>());
    SimHost host = host(process, network.lanesOf(process));
    hosts.put(process.name, host);
    loop.transcript.add(loop.now(), processes, () -> process + " starts");
    if (attempt != null && attempt.started && head.alive) {
      loop.as(head, () -> attempt.startOn(host.ref));
    }
    tellSurvey();
  }

  private <T> ActorRef<T> spawn(SimProcess process, String role, Behavior<T> behavior) {
    ActorRef<T> ref =
        world.system.systemActorOf(
            behavior,
            "%s~%s~%s~%d".formatted(process, role, loop.name, world.names++),
            Props.empty());
    actors.get(process).add(ref);
    return ref;
  }

  /** A dead process: its actors go, the others hear of it, somebody starts another one. */
  private void bury(SimProcess process) {
    loop.transcript.add(loop.now(), 3, () -> process + " is dead");
    network.died(process);
    for (ActorRef<?> ref : actors.remove(process)) {
      loop.at(loop.now(), process, ((InternalActorRef) Adapter.toClassic(ref))::stop);
    }
    if (process == head) {
      trouble.headDied();
      loop.after(trouble.pause(), null, this::startHead);
      return;
    }
    hosts.remove(process.name);
    tellSurvey();
    if (attempt != null && attempt.started) {
      SimAttempt of = attempt;
      int left = hosts.size();
      loop.after(trouble.pause(), head, () -> of.supervisor.tell(new Supervisor.HostsLeft(left)));
    }
    if (trouble.replaces() || hosts.isEmpty()) {
      loop.after(trouble.pause(), null, this::startWorker);
    }
  }

  private void onPeerLost(String endpoint, String reason) {
    if (attempt != null && attempt.started) {
      attempt.supervisor.tell(new Supervisor.PeerLost(endpoint, reason));
    }
  }

  // ---- attempts ---------------------------------------------------------------------------------

  private RunFacts factsOf(long number) {
    return scenario.facts(number, slicesOf.get((int) number));
  }

  /** Asks the workers what they have kept, if they may have, and begins an attempt. */
  private void begin(SimProcess on, boolean mayTakeOver) {
    if (on != head || !head.alive || finished) {
      return;
    }
    if (hosts.isEmpty()) {
      loop.after(Duration.ofSeconds(1), head, () -> begin(on, mayTakeOver));
      return;
    }
    if (!mayTakeOver || lastAttempt() == 0) {
      begin(on, List.of());
      return;
    }
    CompletableFuture<List<KeptCopy>> found = new CompletableFuture<>();
    SliceSurvey.Question question;
    try (LedgerReader ledger = ledger()) {
      Set<Long> lineage = ledger.lineage();
      question =
          new SliceSurvey.Question(
              Scenario.RUN,
              ledger.lastAttempt() + 1,
              hosts.size(),
              scenario.settings().deadlines().survey(),
              copies ->
                  StartingPoint.choose(copies, scenario.layout(), 1, lineage, 0)
                      instanceof TakeOver.GoOn);
    }
    survey = spawn(head, "survey", SliceSurvey.create(question, found));
    tellSurvey();
    found.thenAccept(
        kept -> {
          survey = null;
          loop.after(Duration.ofMillis(1), on, () -> begin(on, kept));
        });
  }

  private void tellSurvey() {
    if (survey != null && head.alive) {
      Set<ActorRef<WorkerHost.Command>> all = new LinkedHashSet<>();
      hostsAndControl().forEach(host -> all.add(host.ref));
      loop.as(head, () -> survey.tell(new SliceSurvey.Hosts(all)));
    }
  }

  LedgerReader ledger() {
    return LedgerReader.from(world.outputDir(), Scenario.RUN, disk.reader());
  }

  private void begin(SimProcess on, List<KeptCopy> kept) {
    if (on != head || !head.alive || finished) {
      return;
    }
    if (hosts.isEmpty()) {
      loop.after(Duration.ofSeconds(1), head, () -> begin(on, kept));
      return;
    }
    attempts++;
    Broken.unless(attempts <= MOST_ATTEMPTS, "%d attempts and no end", attempts);
    Optional<Checkpoint> checkpoint = Checkpoints.newestVerified(world.outputDir(), reason -> {});
    CheckpointReader reader = checkpoint.map(c -> CheckpointReader.open(c.folder())).orElse(null);
    long saved = reader == null ? 0 : reader.manifest().getCommittedSteps();
    StartingPoint point;
    Optional<LedgerSeed> seed;
    try (LedgerReader ledger = ledger()) {
      point = StartingPoint.find(kept, scenario.layout(), 1, ledger, Scenario.RUN, saved).point();
      seed =
          point != null
              ? Optional.of(planted(point.seed()))
              : Optional.ofNullable(reader)
                  .map(r -> new LedgerSeed(r.ledger(), ledger.finishedGroupsAfter(saved)));
    }
    long start = point == null ? saved : point.version();
    if (saved == scenario.plan().totalSteps()) {
      finished = true;
      return;
    }
    long number = lastAttempt() + 1;
    while (slicesOf.size() <= number) {
      slicesOf.add(workers == 1 ? 1 : 1 + loop.random().nextInt(4));
    }
    if (point != null) {
      takeOvers++;
      slicesOf.set((int) number, point.plan().keepers().size());
    }
    RunFacts now = factsOf(number);
    loop.transcript.add(
        loop.now(),
        number,
        () ->
            "attempt %d begins after step %d%s"
                .formatted(number, start, point == null ? "" : ": " + point.text()));
    report(point, start);
    SimAttempt next =
        new SimAttempt(
            new SimAttempt.Parts(
                now,
                setup(now, start, reader, Optional.ofNullable(point)),
                ledgerSetup(now, number, seed),
                disk.sync(),
                initial(now, reader),
                files.writer(scenario.plan().recipe().saveTotalLimit().orElse(0), CLOCK),
                headLanes,
                control == null ? null : control.ref,
                event -> onEvent(on, event),
                () -> onStopped(on)));
    attempt = next;
    List<SimHost> known = List.copyOf(hosts.values());
    next.actor =
        spawn(head, "run", next.create(() -> known.forEach(host -> next.startOn(host.ref))));
  }

  private LedgerSeed planted(LedgerSeed seed) {
    return planted.contains(Faults.FORGET_THE_COMMIT_RECORDS)
        ? new LedgerSeed(seed.image(), seed.finishedGroups(), List.of(), seed.takenOverFrom())
        : seed;
  }

  /**
   * As the metrics file: what is computed again is cut off, what a lost supervisor had not told.
   */
  private void report(StartingPoint point, long start) {
    reported.removeIf(step -> step >= start);
    if (point != null) {
      long last = reported.isEmpty() ? -1 : reported.get(reported.size() - 1);
      point.missed(last).forEach(missed -> report(missed.step()));
    }
  }

  private void report(long step) {
    long last = reported.isEmpty() ? -1 : reported.get(reported.size() - 1);
    Broken.unless(step == last + 1, "step %d is reported after step %d", step, last);
    reported.add(step);
  }

  private long lastAttempt() {
    return disk.ids().stream()
        .filter(id -> id.startsWith("ledger|") && !disk.events(id).isEmpty())
        .mapToLong(id -> Long.parseLong(id.substring(id.lastIndexOf('|') + 1)))
        .max()
        .orElse(0);
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
        hosts.size(),
        replicas,
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
        planted.contains(Faults.COMMIT_BY_STEP_ALONE) ? 1 : number,
        now.plan().samples(),
        rewrite.decay(),
        rewrite.score() == Recipe.Score.C ? ScoreKind.C : ScoreKind.Z,
        recipe.cadft().epsilon(),
        rewrite.minVisits(),
        rewrite.fraction(),
        rewrite.probability(),
        recipe.seed(),
        rewrite.batch(),
        seed);
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

  private void onEvent(SimProcess on, RunEvent event) {
    loop.transcript.add(loop.now(), 5, () -> "event " + event);
    if (event instanceof RunEvent.Worker worker && worker.state().equals("lost")) {
      // Whoever is given up is ended and replaced; until then it goes on as a ghost.
      SimHost lost = hosts.get(worker.id());
      if (lost != null) {
        loop.after(trouble.pause(), null, () -> lost.process.alive = false);
      }
    } else if (event instanceof RunEvent.Step step) {
      report(step.report().step());
      ghosts.haunt(attempt.parts.facts().attempt(), step.report().step() + 1);
    } else if (event instanceof RunEvent.Ended ended) {
      SimAttempt over = attempt;
      loop.after(Duration.ofMillis(10), on, () -> endAttempt(over, ended));
    }
  }

  private void endAttempt(SimAttempt over, RunEvent.Ended ended) {
    if (finished || over != attempt) {
      return;
    }
    if (ended.outcome().equals("finished")) {
      finished = true;
      return;
    }
    headless = ended.outcome().equals(Supervisor.HEADLESS);
    trouble.attemptEnded();
    if (!headless) {
      var stop = new WorkerHost.StopRun(Scenario.RUN, over.parts.facts().attempt());
      hostsAndControl().forEach(host -> host.ref.tell(stop));
    }
    ((InternalActorRef) Adapter.toClassic(over.actor)).stop();
  }

  private void onStopped(SimProcess on) {
    attempt = null;
    boolean mayTakeOver = headless;
    headless = false;
    loop.after(Duration.ofMillis(100), on, () -> begin(on, mayTakeOver));
  }

  // ---- the end ----------------------------------------------------------------------------------

  private Result end() {
    long total = scenario.plan().totalSteps();
    disk.losePower();
    files.fail();
    Optional<Checkpoint> last = Checkpoints.newestVerified(world.outputDir(), reason -> {});
    Broken.unless(
        last.isPresent() && last.get().committedSteps() == total,
        "the run says that it is finished, its last checkpoint is %s",
        last);
    String hash = invariants.finalHash(last.get().folder());
    Result result =
        new Result(
            hash,
            loop.ran(),
            attempts,
            takeOvers,
            trouble.happened(),
            Duration.ofNanos(loop.now()),
            loop.transcript.hash());
    return result;
  }

  private void stopAll() {
    finished = true;
    for (List<ActorRef<?>> of : actors.values()) {
      of.forEach(
          ref -> loop.at(loop.now(), null, ((InternalActorRef) Adapter.toClassic(ref))::stop));
    }
    actors.clear();
    for (long i = 0; i < MOST_EVENTS && loop.step(); i++) {
      Thread.onSpinWait();
    }
  }
}
