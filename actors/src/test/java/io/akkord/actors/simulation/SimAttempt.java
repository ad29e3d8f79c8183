package io.akkord.actors.simulation;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.checkpoint.CheckpointWriter;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.ledger.LedgerSetup;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.SliceFeeder;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.supervisor.SupervisorSetup;
import io.akkord.actors.worker.RunSpec;
import io.akkord.actors.worker.WorkerHost;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The actors of one attempt on the head, put together as a run does it. */
final class SimAttempt {
  /** What an attempt is made of. */
  record Parts(
      RunFacts facts,
      SupervisorSetup setup,
      LedgerSetup ledger,
      DiskSync sync,
      SliceStore.Initial initial,
      CheckpointWriter writer,
      BooleanSupplier takenOver,
      Bulk bulk,
      ActorRef<WorkerHost.Command> control,
      Consumer<RunEvent> listener,
      Runnable stopped) {}

  final Parts parts;
  final String ledgerId;
  ActorRef<Object> actor;
  ActorRef<Supervisor.Command> supervisor;
  ActorRef<ParameterServer.Command> server;
  private ActorRef<RunEvent> events;
  ActorRef<Ledger.Command> ledger;
  private RunSpec spec;
  boolean started;

  SimAttempt(Parts parts) {
    this.parts = parts;
    this.ledgerId = parts.ledger().persistenceId();
  }

  long number() {
    return parts.facts().attempt();
  }

  /** The supervisor has ended by itself. */
  private enum SupervisorGone {
    INSTANCE
  }

  Behavior<Object> create(Runnable whenStarted) {
    return Behaviors.setup(
        context -> {
          start(context);
          started = true;
          whenStarted.run();
          return Behaviors.receive(Object.class)
              .onMessage(
                  Supervisor.Headless.class,
                  headless -> {
                    supervisor.tell(headless);
                    return Behaviors.same();
                  })
              .onMessageEquals(
                  SupervisorGone.INSTANCE,
                  () -> {
                    events.tell(
                        new RunEvent.Ended(
                            parts.setup().startStep(),
                            Supervisor.HEADLESS,
                            "the supervisor stopped",
                            null));
                    return Behaviors.same();
                  })
              .onSignal(
                  PostStop.class,
                  signal -> {
                    parts.stopped().run();
                    return Behaviors.same();
                  })
              .build();
        });
  }

  private void start(ActorContext<Object> context) {
    RunFacts facts = parts.facts();
    events =
        context.spawn(
            Behaviors.receive(RunEvent.class)
                .onAnyMessage(
                    event -> {
                      parts.listener().accept(event);
                      return Behaviors.same();
                    })
                .build(),
            "events");
    ledger = context.spawn(Ledger.create(parts.ledger(), parts.sync()), "ledger");
    server = context.spawn(ParameterServer.create(facts, ledger), "parameter-server");
    LaneInbox checkpoints = new LaneInbox(parts.bulk());
    ActorRef<Checkpointer.Command> checkpointer =
        context.spawn(
            Checkpointer.create(
                facts, checkpoints, folder -> {}, parts.writer(), parts.takenOver()),
            "checkpointer");
    ActorRef<SliceFeeder.Feed> feeder =
        context.spawn(
            SliceFeeder.create(facts, parts.bulk(), parts.setup().startStep(), parts.initial()),
            "slice-feeder");
    spec =
        new RunSpec(
            facts.runId(),
            facts.attempt(),
            "",
            null,
            null,
            null,
            facts.slices().size(),
            parts.setup().workers());
    supervisor =
        context.spawn(
            Supervisor.create(
                parts.setup(),
                new Supervisor.Peers(
                    ledger,
                    server,
                    feeder,
                    checkpointer,
                    checkpoints.address(),
                    events,
                    spec,
                    parts.control())),
            "supervisor");
    context.watchWith(server, new Supervisor.Headless("the parameter server stopped"));
    context.watchWith(ledger, new Supervisor.Headless("the ledger stopped"));
    context.watchWith(supervisor, SupervisorGone.INSTANCE);
  }

  void startOn(ActorRef<WorkerHost.Command> host) {
    host.tell(new WorkerHost.StartWorker(spec, server, ledger, supervisor));
  }
}
