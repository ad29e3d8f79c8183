package io.akkord.actors.simulation;

import akka.actor.InternalActorRef;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Adapter;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.WorkerHost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** What happens to a run: chosen by the seed, between two events. */
final class Trouble {
  private static final int MOST = 5;
  private static final long WITHIN_EVENTS = 2500;
  private static final long EFFECTS = 40;
  private static final Duration SHORT = Duration.ofMillis(1);
  private static final Duration LONG = Duration.ofSeconds(100);

  /** One thing that can happen. */
  enum Kind {
    KILL_WORKER,
    KILL_HEAD,
    POWER_LOSS,
    CUT_HEAD,
    CUT_WORKERS,
    PARTITION,
    SECOND_HEAD,
    LOSE_MESSAGES,
    REPEAT_MESSAGES,
    DISK_FAILS,
    DISK_SLOW,
    NOT_FINITE,
    NOT_FINITE_GRADIENT,
    OUT_OF_MEMORY,
    HANG,
    LATE_WORKER,
    LEAVE,
    STOP_SERVER,
    STOP_LEDGER,
    STOP_SUPERVISOR,
    STOP
  }

  private record Planned(long event, Kind kind) {}

  private final Simulation simulation;
  private final SimLoop loop;
  private final SplittableRandom random;
  private final List<Planned> planned = new ArrayList<>();
  private boolean powerLoss;
  private boolean notFinite;
  private int happened;

  /**
   * Trouble of a seed.
   *
   * @param kinds that can happen
   */
  Trouble(Simulation simulation, Set<Kind> kinds) {
    this.simulation = simulation;
    this.loop = simulation.loop;
    this.random = loop.random();
    List<Kind> possible = kinds.stream().sorted().toList();
    int count = possible.isEmpty() ? 0 : random.nextInt(MOST + 1);
    for (int i = 0; i < count; i++) {
      Kind kind = possible.get(random.nextInt(possible.size()));
      planned.add(new Planned(1 + random.nextLong(WITHIN_EVENTS), kind));
    }
    planned.sort(Comparator.comparingLong(Planned::event));
  }

  int happened() {
    return happened;
  }

  void afterEvent() {
    while (!planned.isEmpty() && planned.get(0).event() <= loop.ran()) {
      Planned next = planned.remove(0);
      happened++;
      loop.transcript.add(loop.now(), next.kind().ordinal(), () -> "TROUBLE " + next.kind());
      happen(next.kind());
    }
  }

  private Duration time() {
    return Duration.ofNanos(loop.between(SHORT, LONG));
  }

  /** Until somebody acts. */
  Duration pause() {
    return time();
  }

  boolean replaces() {
    return random.nextBoolean();
  }

  private SimHost someone() {
    List<SimHost> all = List.copyOf(simulation.hosts.values());
    return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
  }

  private void happen(Kind kind) {
    SimHost host = someone();
    SimProcess head = simulation.head.process;
    switch (kind) {
      case KILL_HEAD -> head.dieAfter(random.nextLong(EFFECTS));
      case POWER_LOSS -> {
        powerLoss = true;
        head.dieAfter(random.nextLong(EFFECTS));
      }
      case REPEAT_MESSAGES -> simulation.network.repeat(0.1);
      case DISK_FAILS -> simulation.disk.failFor(time());
      case DISK_SLOW -> simulation.disk.slowFor(time());
      case LATE_WORKER -> simulation.startWorker();
      case PARTITION -> partition(head);
      case SECOND_HEAD -> secondHead();
      case STOP_SERVER, STOP_LEDGER, STOP_SUPERVISOR -> stopActor(kind);
      case STOP -> {
        SimAttempt attempt = simulation.head.attempt;
        if (attempt != null && attempt.started) {
          loop.as(head, () -> attempt.supervisor.tell(new Supervisor.Stop("pre-empted")));
        }
      }
      default -> {
        if (host != null) {
          happenTo(kind, host, head);
        }
      }
    }
  }

  private void happenTo(Kind kind, SimHost host, SimProcess head) {
    switch (kind) {
      case KILL_WORKER -> host.process.dieAfter(random.nextLong(EFFECTS));
      case CUT_HEAD -> simulation.network.cut(head, host.process, time());
      case CUT_WORKERS -> simulation.network.cut(someone().process, host.process, time());
      case LOSE_MESSAGES ->
          simulation.network.lose(head, host.process, random.nextDouble(), time());
      case NOT_FINITE_GRADIENT -> trouble(host, FakeCompute.Trouble.NOT_FINITE_GRADIENT);
      case NOT_FINITE -> trouble(host, FakeCompute.Trouble.NOT_FINITE);
      case OUT_OF_MEMORY -> trouble(host, FakeCompute.Trouble.OUT_OF_MEMORY);
      case HANG -> host.device.hang();
      case LEAVE -> leave(host);
      default -> throw new IllegalArgumentException(kind.toString());
    }
  }

  /** Somebody is asked to leave, if there is somebody who stays. */
  private void leave(SimHost host) {
    boolean alone =
        simulation.hosts.values().stream()
            .noneMatch(other -> other != host && other.joined && !other.leaves());
    if (!alone) {
      loop.as(host.process, () -> host.ref.tell(new WorkerHost.Leave("its machine is wanted")));
    }
  }

  /** Two groups that hear nothing of each other for a while. */
  private void partition(SimProcess head) {
    List<SimProcess> all = new ArrayList<>();
    simulation.hosts.values().forEach(host -> all.add(host.process));
    all.add(head);
    List<SimProcess> others = new ArrayList<>(all);
    others.removeIf(process -> random.nextBoolean());
    all.removeAll(others);
    Duration time = time();
    for (SimProcess one : all) {
      others.forEach(other -> simulation.network.cut(one, other, time));
    }
  }

  /**
   * The head is taken for dead and another one starts, while it goes on with whom it reaches, until
   * it is told. Without an attempt in the journal there is nothing that the two could fight about.
   */
  private void secondHead() {
    SimHead old = simulation.head;
    boolean goesOn =
        old.process.alive
            && old.attempt != null
            && old.attempt.started
            && !simulation.disk.durable(old.attempt.ledgerId).isEmpty();
    if (!goesOn || simulation.older != null && simulation.older.process.alive) {
      return;
    }
    simulation.startHead();
    for (SimHost host : simulation.hosts.values()) {
      switch (random.nextInt(3)) {
        case 0 -> simulation.network.cut(old.process, host.process, time());
        case 1 -> simulation.head.hide(host, time());
        default -> {}
      }
    }
    loop.after(time(), null, () -> old.process.alive = false);
  }

  /** An actor of the attempt fails for good. */
  private void stopActor(Kind kind) {
    SimAttempt attempt = simulation.head.attempt;
    if (attempt == null || !attempt.started) {
      return;
    }
    ActorRef<?> actor =
        switch (kind) {
          case STOP_SERVER -> attempt.server;
          case STOP_LEDGER -> attempt.ledger;
          default -> attempt.supervisor;
        };
    loop.as(simulation.head.process, ((InternalActorRef) Adapter.toClassic(actor))::stop);
  }

  /** Numbers that are not finite come once in a run: twice in one step, it would be skipped. */
  private void trouble(SimHost host, FakeCompute.Trouble trouble) {
    boolean again = notFinite && trouble != FakeCompute.Trouble.OUT_OF_MEMORY;
    if (host.compute() != null && !again) {
      notFinite |= trouble != FakeCompute.Trouble.OUT_OF_MEMORY;
      host.compute().trouble(trouble);
    }
  }

  void headDied() {
    if (powerLoss) {
      powerLoss = false;
      if (simulation.older != null && simulation.older.process.alive) {
        // Two heads have a database server and a file server, which have not lost theirs.
        return;
      }
      simulation.disk.losePower();
      simulation.files.fail();
    }
  }

  /** Whoever restarts a run ends the processes that hang. */
  void attemptEnded() {
    simulation.hosts.values().stream()
        .filter(host -> host.device.hangs())
        .forEach(host -> host.process.alive = false);
  }
}
