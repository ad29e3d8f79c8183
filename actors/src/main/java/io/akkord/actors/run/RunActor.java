package io.akkord.actors.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.content.ContentServer;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.SliceFeeder;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.RunSpec;
import io.akkord.actors.worker.WorkerHost;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * One attempt of a run: the actors that decide, on one node, and the hosts that compute, wherever
 * they are. Ends with everything it started.
 */
final class RunActor {
  /** What it can be told. */
  sealed interface Command {}

  /** Passed on. */
  record ToSupervisor(Supervisor.Command command) implements Command {}

  /** The hosts that are there now; each new one takes part. */
  record Hosts(Set<ActorRef<WorkerHost.Command>> hosts) implements Command {}

  /**
   * The attempt is over.
   *
   * @param keepSlices a new one may go on from what the workers have
   */
  record Stop(boolean keepSlices) implements Command {}

  private enum SupervisorGone implements Command {
    INSTANCE
  }

  private final ActorContext<Command> context;
  private final RunParts parts;
  private final RunFacts facts;
  private final CompletableFuture<Void> stopped;
  private RunSpec spec;
  private final Set<ActorRef<WorkerHost.Command>> known = new LinkedHashSet<>();
  private ActorRef<Ledger.Command> ledger;
  private ActorRef<ParameterServer.Command> server;
  private ActorRef<Supervisor.Command> supervisor;

  private RunActor(ActorContext<Command> context, RunParts parts, CompletableFuture<Void> stopped) {
    this.context = context;
    this.parts = parts;
    this.facts = parts.facts();
    this.stopped = stopped;
  }

  /**
   * An attempt.
   *
   * @param stopped completes when all its actors on this node have ended
   */
  static Behavior<Command> create(RunParts parts, CompletableFuture<Void> stopped) {
    return Behaviors.setup(context -> new RunActor(context, parts, stopped).start());
  }

  private Behavior<Command> start() {
    var blockingIo = DispatcherSelector.fromConfig("akkord.blocking-io");
    DiskSync sync = parts.journal().diskSync(context.getSystem().dispatchers().lookup(blockingIo));
    ActorRef<RunEvent> events =
        context.spawn(
            RunEvents.create(parts.metrics(), parts.tensorBoard(), parts.listener()),
            "events",
            blockingIo);
    ledger = context.spawn(Ledger.create(parts.ledger(), sync), "ledger");
    server = context.spawn(ParameterServer.create(facts, ledger), "parameter-server");
    ActorRef<ContentServer.Command> content =
        context.spawn(
            ContentServer.create(parts.bulk(), parts.inputs().offers, parts.content()), "content");
    spec = parts.inputs().spec(facts, parts.setup().workers(), content);
    LaneInbox checkpoints = new LaneInbox(parts.bulk());
    ActorRef<Checkpointer.Command> checkpointer =
        context.spawn(
            Checkpointer.create(
                facts,
                checkpoints,
                parts.inputs()::writeMetadata,
                parts.space(),
                parts.journal()::isTakenOver),
            "checkpointer");
    ActorRef<SliceFeeder.Feed> feeder =
        context.spawn(
            SliceFeeder.create(facts, parts.bulk(), parts.setup().startStep(), parts.initial()),
            "slice-feeder",
            blockingIo);
    parts.missed().forEach(report -> events.tell(new RunEvent.Step(report)));
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
    // An actor that the run cannot go on without ends it with its reason.
    context.watchWith(
        server, new ToSupervisor(new Supervisor.Headless("the parameter server stopped")));
    context.watchWith(ledger, new ToSupervisor(new Supervisor.Headless("the ledger stopped")));
    context.watchWith(
        checkpointer, new ToSupervisor(new Supervisor.Headless("the checkpointer stopped")));
    context.watchWith(supervisor, SupervisorGone.INSTANCE);
    return Behaviors.receive(Command.class)
        .onMessage(ToSupervisor.class, this::onToSupervisor)
        .onMessage(Hosts.class, this::onHosts)
        .onMessage(Stop.class, this::onStop)
        .onMessageEquals(SupervisorGone.INSTANCE, () -> onSupervisorGone(events))
        .onSignal(
            PostStop.class,
            signal -> {
              stopped.complete(null);
              return Behaviors.same();
            })
        .build();
  }

  private Behavior<Command> onToSupervisor(ToSupervisor message) {
    supervisor.tell(message.command());
    return Behaviors.same();
  }

  private Behavior<Command> onHosts(Hosts hosts) {
    if (known.retainAll(hosts.hosts())) {
      supervisor.tell(new Supervisor.HostsLeft(hosts.hosts().size()));
    }
    for (ActorRef<WorkerHost.Command> host : hosts.hosts()) {
      if (known.add(host)) {
        host.tell(new WorkerHost.StartWorker(spec, server, ledger, supervisor));
      }
    }
    return Behaviors.same();
  }

  private Behavior<Command> onSupervisorGone(ActorRef<RunEvent> events) {
    events.tell(
        new RunEvent.Ended(
            parts.setup().startStep(), Supervisor.HEADLESS, "the supervisor stopped", null));
    return Behaviors.same();
  }

  private Behavior<Command> onStop(Stop told) {
    if (told.keepSlices()) {
      return Behaviors.stopped();
    }
    WorkerHost.StopRun stop = new WorkerHost.StopRun(facts.runId(), facts.attempt());
    known.forEach(host -> host.tell(stop));
    if (parts.control() != null) {
      parts.control().tell(stop);
    }
    return Behaviors.stopped();
  }
}
