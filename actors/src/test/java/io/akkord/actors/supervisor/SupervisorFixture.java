package io.akkord.actors.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.persistence.testkit.PersistenceTestKitPlugin;
import akka.persistence.testkit.PersistenceTestKitSnapshotPlugin;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.params.Holder;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.params.SliceFeeder;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.RunSpec;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.proto.CheckpointManifest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;

/** A supervisor among probes: whoever it talks to says nothing but what a test lets it say. */
final class SupervisorFixture {
  static final String CANARY = "same-bits";
  static final String MACHINE = "AVX2, libtorch 2.7.1";
  static final Duration SHORT = Duration.ofMillis(150);
  private static final Duration LONG = Duration.ofSeconds(10);
  private static int runs;

  final ActorTestKit kit;
  final TestProbe<Ledger.Command> ledger;
  final TestProbe<ParameterServer.Command> server;
  final TestProbe<SliceFeeder.Feed> feeder;
  final TestProbe<Checkpointer.Command> checkpointer;
  final TestProbe<RunEvent> events;
  final TestProbe<ParameterShard.Command> shards;
  RunFacts facts;
  int workers = 2;
  int replicas = 1;
  Optional<TakenOver> takenOver = Optional.empty();
  ActorRef<Supervisor.Command> ref;

  /** A worker with its host, both silent. */
  record Worker(
      String id, TestProbe<GpuWorker.Command> worker, TestProbe<WorkerHost.Command> host) {}

  /** An actor system whose journal is in memory. */
  static ActorTestKit kit() {
    return ActorTestKit.create(
        PersistenceTestKitPlugin.config()
            .withFallback(PersistenceTestKitSnapshotPlugin.config())
            .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
            .withFallback(ConfigFactory.load()));
  }

  /** A run of its own. */
  SupervisorFixture(ActorTestKit kit, RunFixture run) {
    this.kit = kit;
    ledger = kit.createTestProbe(Ledger.Command.class);
    server = kit.createTestProbe(ParameterServer.Command.class);
    feeder = kit.createTestProbe(SliceFeeder.Feed.class);
    checkpointer = kit.createTestProbe(Checkpointer.Command.class);
    events = kit.createTestProbe(RunEvent.class);
    shards = kit.createTestProbe(ParameterShard.Command.class);
    RunFacts of = run.facts();
    facts = new RunFacts("run-" + runs++, 1, of.plan(), of.settings(), of.layout(), of.slices());
  }

  SupervisorFixture workers(int count) {
    workers = count;
    return this;
  }

  SupervisorFixture replicas(int count) {
    replicas = count;
    return this;
  }

  SupervisorFixture start() {
    return start(1);
  }

  /** Starts the supervisor of an attempt. */
  SupervisorFixture start(long attempt) {
    facts =
        new RunFacts(
            facts.runId(), attempt, facts.plan(), facts.settings(), facts.layout(), facts.slices());
    SupervisorSetup setup =
        new SupervisorSetup(
            facts,
            0,
            0,
            workers,
            replicas,
            CheckpointManifest.getDefaultInstance(),
            OptionalDouble.empty(),
            OptionalLong.empty(),
            takenOver);
    RunSpec spec = new RunSpec(facts.runId(), attempt, "", null, null, null, 2, workers);
    ref =
        kit.spawn(
            Supervisor.create(
                setup,
                new Supervisor.Peers(
                    ledger.ref(),
                    server.ref(),
                    feeder.ref(),
                    checkpointer.ref(),
                    new LaneAddress("head", 1),
                    events.ref(),
                    spec,
                    null)));
    return this;
  }

  Worker worker(String id) {
    return new Worker(
        id,
        kit.createTestProbe(GpuWorker.Command.class),
        kit.createTestProbe(WorkerHost.Command.class));
  }

  Worker join(String id) {
    Worker worker = worker(id);
    join(worker, CANARY, MACHINE);
    return worker;
  }

  void join(Worker worker, String canary, String machine) {
    ref.tell(joining(worker, canary, machine));
  }

  static Supervisor.Join joining(Worker worker, String canary, String machine) {
    return new Supervisor.Join(
        worker.id(),
        worker.worker().ref(),
        new LaneAddress("process-of-" + worker.id(), 1),
        worker.host().ref(),
        canary,
        machine,
        4711);
  }

  void leave(Worker worker) {
    ref.tell(new Supervisor.Leaving(worker.id(), worker.host().ref(), "it was asked to end"));
  }

  /** Waits for the wish that a worker keeps a slice. */
  WorkerHost.StartCopy asked(Worker worker) {
    return fish(worker.host(), WorkerHost.StartCopy.class);
  }

  void started(Worker worker, WorkerHost.StartCopy copy) {
    Holder holder = holder(worker, copy.slice());
    copy.replyTo().tell(new WorkerHost.CopyStarted(copy.slice(), holder, copy.adopt() >= 0));
  }

  Holder holder(Worker worker, int slice) {
    return new Holder(
        worker.id(), shards.ref(), new LaneAddress("process-of-" + worker.id(), 10 + slice));
  }

  /** Keeps as many copies as are wanted of a worker. */
  List<Integer> keep(Worker worker, int copies) {
    List<Integer> slices = new ArrayList<>();
    for (int i = 0; i < copies; i++) {
      WorkerHost.StartCopy copy = asked(worker);
      slices.add(copy.slice());
      started(worker, copy);
    }
    return slices;
  }

  /** Joins these workers, places two slices with one copy more each, and begins to train. */
  List<Worker> train(String... ids) {
    workers(ids.length).start();
    List<Worker> all = new ArrayList<>();
    for (String id : ids) {
      all.add(join(id));
    }
    // Slice i goes to member i, its copies to the next ones.
    int copies = Math.min(ids.length, 1 + replicas);
    for (int member = 0; member < ids.length; member++) {
      int kept = 0;
      for (int slice = 0; slice < 2; slice++) {
        kept += Math.floorMod(member - slice, ids.length) < copies ? 1 : 0;
      }
      keep(all.get(member), kept);
    }
    begun();
    // What earlier attempts left is released.
    all.forEach(worker -> fish(worker.host(), WorkerHost.StopRun.class));
    return all;
  }

  /** The first step has begun, with the rewrites in force. */
  ParameterServer.Begin begun() {
    ParameterServer.Begin begin = fish(server, ParameterServer.Begin.class);
    Ledger.PullTable pull = fish(ledger, Ledger.PullTable.class);
    pull.replyTo().tell(new Ledger.TableContent(new Ledger.TableStamp(0, "none"), List.of()));
    if (!facts.plan().after(0).eval()) {
      fish(server, ParameterServer.Resumed.class);
    }
    return begin;
  }

  void committed(long steps, boolean last) {
    ref.tell(new Supervisor.StepCommitted(steps, steps, report(steps - 1), last));
  }

  private static StepReport report(long step) {
    return new StepReport(step, 0, 1, 1, 0.5, 1, 1, 4, 0, 1, false, 0.5, 1, 1, 12, 4, 0.1, null);
  }

  /** The next message of a kind; what comes before it is of no interest. */
  static <M, T extends M> T fish(TestProbe<M> probe, Class<T> kind) {
    List<M> caught =
        probe.fishForMessage(
            LONG,
            message ->
                kind.isInstance(message)
                    ? FishingOutcomes.complete()
                    : FishingOutcomes.continueAndIgnore());
    return kind.cast(caught.get(0));
  }

  /** A text that the run says of itself, as soon as it says one with these words. */
  String note(String... words) {
    while (true) {
      String text = fish(events, RunEvent.Note.class).text();
      if (List.of(words).stream().allMatch(text::contains)) {
        return text;
      }
    }
  }

  RunEvent.Ended ended() {
    return fish(events, RunEvent.Ended.class);
  }

  /** Nothing of a kind comes for a moment. */
  static <M> void none(TestProbe<M> probe, Class<? extends M> kind) {
    long end = System.nanoTime() + SHORT.toNanos();
    AtomicReference<M> message = new AtomicReference<>();
    Throwable silence = null;
    while (silence == null) {
      Duration left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
      message.set(null);
      silence = catchThrowable(() -> message.set(probe.receiveMessage(left)));
      if (silence == null) {
        assertThat(message.get()).isNotInstanceOf(kind);
      }
    }
  }
}
