package io.akkord.actors.simulation;

import akka.actor.InternalActorRef;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Adapter;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.run.StartingPoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One seed: a run on a head and some workers, everything that happens to them, and what must be
 * true all the same. Whoever starts processes is played here, and whoever starts a run again in
 * {@link SimHead}; all else is the product.
 */
final class Simulation {
  private static final Duration LONGEST = Duration.ofHours(48);
  private static final long MOST_EVENTS = 400_000;
  private static final int MOST_ATTEMPTS = 40;

  /** Two versions and two steps to every copy of every slice, and what a late worker adds. */
  private static final int MOST_BLOCKS = 500;

  /** One buffer for each subtree of two assignments, for two steps. */
  private static final int MOST_GRADIENTS = 16;

  /** How a seed ended. */
  record Result(
      String hash,
      long events,
      int attempts,
      int takeOvers,
      int faults,
      int left,
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
  final Trouble trouble;
  final boolean keepsSlices;
  final int replicas;
  private final int workers;

  /** The head that the others believe in. */
  SimHead head;

  /** One that was given up and does not know it yet, or null. */
  SimHead older;

  private int heads;
  private int processes;
  private int attempts;
  private int takeOvers;
  private long newest;
  private final List<Long> reported = new ArrayList<>();
  boolean finished;

  /** Workers that were let go: others have what they had. */
  private final Set<String> left = new LinkedHashSet<>();

  /**
   * A seed.
   *
   * @param troubles that can happen; none: it is quiet, with one worker and one slice
   */
  Simulation(SimWorld world, long seed, Set<Faults> planted, Set<Trouble.Kind> troubles) {
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
    boolean quiet = troubles.isEmpty();
    int most = loop.random().nextInt(8) == 0 ? 6 : 3;
    this.workers = quiet ? 1 : 1 + loop.random().nextInt(most);
    this.keepsSlices = !quiet && loop.random().nextInt(3) > 0;
    this.replicas = loop.random().nextInt(2);
    this.trouble = new Trouble(this, troubles);
    if (planted.contains(Faults.NO_FSYNC)) {
      disk.skipSyncs();
    }
    if (planted.contains(Faults.NO_LOCK)) {
      disk.forgetLock();
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

  /** Another head: a new one, when the last one is dead or believed to be. */
  void startHead() {
    if (finished) {
      return;
    }
    older = head != null && head.process.alive ? head : older;
    SimProcess process = loop.process("head" + ++heads);
    actors.put(process, new ArrayList<>());
    disk.open(process);
    head = new SimHead(this, process);
    head.start();
  }

  /** Heads that are alive, the one that the others believe in last. */
  private List<SimHead> heads() {
    return Stream.of(older, head).filter(h -> h != null && h.process.alive).toList();
  }

  /** The attempt that goes on in a process, or null. */
  SimAttempt attemptOn(SimProcess process) {
    return heads().stream()
        .filter(h -> h.process == process && h.attempt != null)
        .map(h -> h.attempt)
        .findFirst()
        .orElse(null);
  }

  /** The attempt of that number, if it goes on, or null. */
  SimAttempt attempt(long number) {
    return heads().stream()
        .map(h -> h.attempt)
        .filter(a -> a != null && a.number() == number)
        .findFirst()
        .orElse(null);
  }

  SimHost host(SimProcess process, Bulk bulk) {
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
    heads().forEach(h -> h.startOn(host));
  }

  <T> ActorRef<T> spawn(SimProcess process, String role, Behavior<T> behavior) {
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
    if (process == head.process) {
      trouble.headDied();
      loop.after(trouble.pause(), null, this::startHead);
      return;
    }
    if (hosts.remove(process.name) == null) {
      return;
    }
    heads().forEach(SimHead::left);
    if (trouble.replaces() || hosts.isEmpty()) {
      loop.after(trouble.pause(), null, this::startWorker);
    }
  }

  // ---- what attempts share ----------------------------------------------------------------------

  private RunFacts factsOf(long number) {
    return scenario.facts(number, slicesOf.get((int) number));
  }

  LedgerReader ledger() {
    return LedgerReader.from(world.outputDir(), Scenario.RUN, disk.reader());
  }

  /**
   * An attempt begins.
   *
   * @param point where, if it takes over; null: at the checkpoint
   */
  RunFacts begins(long number, StartingPoint point, long start) {
    attempts++;
    Broken.unless(attempts <= MOST_ATTEMPTS, "%d attempts and no end", attempts);
    newest = number;
    while (slicesOf.size() <= number) {
      slicesOf.add(workers == 1 ? 1 : 1 + loop.random().nextInt(4));
    }
    if (point != null) {
      takeOvers++;
      slicesOf.set((int) number, point.plan().keepers().size());
    }
    loop.transcript.add(
        loop.now(),
        number,
        () ->
            "attempt %d begins after step %d%s"
                .formatted(number, start, point == null ? "" : ": " + point.text()));
    report(point, start);
    return factsOf(number);
  }

  /** Of the attempts that have begun; whatever belongs to an earlier one is over. */
  long newest() {
    return newest;
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

  long lastAttempt() {
    return disk.ids().stream()
        .filter(id -> id.startsWith("ledger|") && !disk.events(id).isEmpty())
        .mapToLong(id -> Long.parseLong(id.substring(id.lastIndexOf('|') + 1)))
        .max()
        .orElse(0);
  }

  /** What the head tells whoever looks at the run; nobody looks at one that was given up. */
  void onEvent(RunEvent event) {
    if (event instanceof RunEvent.Worker worker) {
      onWorker(worker);
    } else if (event instanceof RunEvent.Ended ended) {
      String why = String.valueOf(ended.reason());
      Broken.unless(
          left.stream().noneMatch(id -> why.startsWith("worker " + id + " kept the only copy")),
          "attempt %d ends for somebody who was let go: %s",
          newest,
          why);
    } else if (event instanceof RunEvent.Step step) {
      report(step.report().step());
      ghosts.haunt(head.attempt.number(), step.report().step() + 1);
    }
  }

  private void onWorker(RunEvent.Worker worker) {
    SimHost host = hosts.get(worker.id());
    if (worker.state().equals("left")) {
      left.add(worker.id());
    } else if (host != null && worker.state().equals("lost")) {
      // Whoever is given up is ended and replaced; until then it goes on as a ghost.
      loop.after(trouble.pause(), null, () -> host.process.alive = false);
    } else if (host != null) {
      host.joined |= worker.state().equals("joined");
    }
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
            left.size(),
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
