package io.akkord.actors.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.ledger.LedgerSetup;
import io.akkord.actors.ledger.ScoreKind;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.EngineCompute;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.config.Recipe;
import io.akkord.model.engine.DeviceThread;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.util.ArrayList;
import java.util.List;

/**
 * The composition of a run inside one JVM: every actor gets the others by reference, tensors go
 * through the lane.
 */
final class RunGuardian {
  /** What the guardian can be told. */
  sealed interface Command {}

  /** Passed on. */
  record ToSupervisor(Supervisor.Command command) implements Command {}

  private final ActorContext<Command> context;
  private final RunParts parts;
  private final RunFacts facts;
  private final Bulk bulk = new InJvmBulk();

  /**
   * One a worker; slices compute on them too. A thread of their own would be a second pool of
   * OpenMP threads, and with more of those than cores libgomp stops spinning between operations:
   * that made every step a fifth slower.
   */
  private final List<DeviceThread> devices = new ArrayList<>();

  private RunGuardian(ActorContext<Command> context, RunParts parts) {
    this.context = context;
    this.parts = parts;
    this.facts = parts.facts();
  }

  static Behavior<Command> create(RunParts parts, Journal journal) {
    return Behaviors.setup(context -> new RunGuardian(context, parts).start(journal));
  }

  private Behavior<Command> start(Journal journal) {
    var blockingIo = DispatcherSelector.fromConfig("akkord.blocking-io");
    DiskSync sync = journal.diskSync(context.getSystem().dispatchers().lookup(blockingIo));
    ActorRef<RunEvent> events =
        context.spawn(RunEvents.create(parts.metrics(), parts.listener()), "events", blockingIo);
    ActorRef<Ledger.Command> ledger = context.spawn(Ledger.create(ledgerSetup(), sync), "ledger");
    ActorRef<ParameterServer.Command> server =
        context.spawn(ParameterServer.create(facts, ledger), "parameter-server");
    LaneInbox checkpoints = new LaneInbox(bulk);
    ActorRef<Checkpointer.Command> checkpointer =
        context.spawn(
            Checkpointer.create(facts, checkpoints, parts.inputs().model::copyMetadataTo),
            "checkpointer");
    for (int i = 0; i < parts.workers(); i++) {
      devices.add(DeviceThread.start("worker-" + i, facts.plan().recipe().threads()));
    }
    List<LaneAddress> lanes = new ArrayList<>();
    List<ActorRef<ParameterShard.Command>> shards = new ArrayList<>();
    for (Slice slice : facts.slices()) {
      LaneInbox inbox = new LaneInbox(bulk);
      lanes.add(inbox.address());
      shards.add(
          context.spawn(
              ParameterShard.create(
                  facts,
                  slice,
                  parts.setup().startStep(),
                  parts.initial(),
                  devices.get(slice.index() % devices.size()),
                  bulk,
                  inbox,
                  checkpoints.address(),
                  server),
              "parameter-shard-" + slice.index()));
    }
    ActorRef<Supervisor.Command> supervisor =
        context.spawn(
            Supervisor.create(
                parts.setup(), new Supervisor.Peers(ledger, server, shards, checkpointer, events)),
            "supervisor");
    for (int i = 0; i < parts.workers(); i++) {
      String id = "worker-" + i;
      context.spawn(
          GpuWorker.create(
              facts,
              id,
              compute(devices.get(i)),
              bulk,
              new LaneInbox(bulk),
              lanes,
              server,
              ledger,
              supervisor),
          id);
    }
    // An actor that the run cannot go on without ends it with its reason.
    context.watchWith(
        server, new ToSupervisor(new Supervisor.Fatal("the parameter server stopped")));
    shards.forEach(
        shard ->
            context.watchWith(
                shard,
                new ToSupervisor(
                    new Supervisor.Fatal(shard.path().name() + " stopped; the log says why"))));
    return Behaviors.receive(Command.class)
        .onMessage(
            ToSupervisor.class,
            message -> {
              supervisor.tell(message.command());
              return Behaviors.same();
            })
        .onSignal(
            PostStop.class,
            signal -> {
              devices.forEach(DeviceThread::close);
              return Behaviors.same();
            })
        .build();
  }

  private EngineCompute compute(DeviceThread device) {
    Inputs inputs = parts.inputs();
    return new EngineCompute(
        facts,
        inputs.model.config(),
        inputs.train,
        inputs.eval,
        inputs.tokenizer,
        device,
        HeldMemory.bytes(facts.plan().recipe(), parts.workers()));
  }

  private LedgerSetup ledgerSetup() {
    Recipe recipe = facts.plan().recipe();
    Recipe.Rewrite rewrite = recipe.rewriteOrDefaults();
    return new LedgerSetup(
        facts.runId(),
        facts.attempt(),
        facts.plan().samples(),
        rewrite.decay(),
        rewrite.score() == Recipe.Score.C ? ScoreKind.C : ScoreKind.Z,
        recipe.cadft().epsilon(),
        rewrite.minVisits(),
        rewrite.fraction(),
        rewrite.probability(),
        recipe.seed(),
        rewrite.batch(),
        parts.ledgerSeed());
  }
}
