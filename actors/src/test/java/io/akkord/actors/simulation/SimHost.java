package io.akkord.actors.simulation;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.params.Holder;
import io.akkord.actors.params.KeptSlices;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.RunSpec;
import io.akkord.actors.worker.WorkerHost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;

/** A worker's process: starts the real worker and the real slices, on a device that is not real. */
final class SimHost {
  private record Part(long attempt, ActorRef<?> actor) {}

  final SimProcess process;
  final SimDevice device;
  private final Bulk bulk;
  private final LongFunction<RunFacts> facts;
  private final long badStep;
  private final boolean normBySlices;
  private final List<Part> parts = new ArrayList<>();
  private final List<FakeCompute> computes = new ArrayList<>();

  /** Where its newest worker and slices are reached, for messages that come back from the past. */
  ActorRef<GpuWorker.Command> worker;

  LaneAddress workerLane;
  final Map<Integer, LaneAddress> sliceLanes = new TreeMap<>();
  final Map<Integer, ActorRef<ParameterShard.Command>> slices = new TreeMap<>();
  ActorRef<WorkerHost.Command> ref;
  private final KeptSlices kept = new KeptSlices();
  private int names;

  SimHost(
      SimLoop loop,
      SimProcess process,
      Bulk bulk,
      LongFunction<RunFacts> facts,
      long badStep,
      boolean normBySlices) {
    this.process = process;
    this.device = new SimDevice(loop, process);
    this.bulk = bulk;
    this.facts = facts;
    this.badStep = badStep;
    this.normBySlices = normBySlices;
    // Every attempt starts from a checkpoint here: nothing is kept for the next one.
    kept.close();
  }

  /** The computation of the newest attempt. */
  FakeCompute compute() {
    return computes.isEmpty() ? null : computes.get(computes.size() - 1);
  }

  int lent() {
    return computes.stream().mapToInt(FakeCompute::lent).sum();
  }

  Behavior<WorkerHost.Command> create() {
    return Behaviors.setup(
        context ->
            Behaviors.receive(WorkerHost.Command.class)
                .onMessage(WorkerHost.StartWorker.class, start -> onStartWorker(context, start))
                .onMessage(WorkerHost.StartCopy.class, start -> onStartCopy(context, start))
                .onMessage(WorkerHost.StopRun.class, stop -> onStopRun(context, stop))
                .build());
  }

  private Behavior<WorkerHost.Command> onStartWorker(
      ActorContext<WorkerHost.Command> context, WorkerHost.StartWorker start) {
    RunSpec spec = start.spec();
    context.watchWith(start.supervisor(), new WorkerHost.StopRun(spec.runId(), spec.attempt()));
    RunFacts of = facts.apply(spec.attempt());
    FakeCompute compute = new FakeCompute(of, device, badStep);
    computes.add(compute);
    LaneInbox inbox = new LaneInbox(bulk);
    worker =
        context.spawn(
            GpuWorker.create(
                of,
                process.name,
                compute,
                bulk,
                inbox,
                start.server(),
                start.ledger(),
                start.supervisor(),
                context.getSelf()),
            "worker-" + names++);
    workerLane = inbox.address();
    parts.add(new Part(spec.attempt(), worker));
    return Behaviors.same();
  }

  private Behavior<WorkerHost.Command> onStartCopy(
      ActorContext<WorkerHost.Command> context, WorkerHost.StartCopy start) {
    RunSpec spec = start.spec();
    RunFacts of = facts.apply(spec.attempt());
    LaneInbox inbox = new LaneInbox(bulk);
    String holder = process.name.startsWith("head") ? "control" : process.name;
    ActorRef<ParameterShard.Command> shard =
        context.spawn(
            ParameterShard.create(
                new ParameterShard.Setup(
                    of,
                    of.slices().get(start.slice()),
                    holder,
                    new FakeSlices(device, normBySlices),
                    bulk,
                    inbox,
                    start.checkpointLane(),
                    start.server(),
                    kept.lease(spec.runId(), spec.attempt(), start.slice(), Duration.ZERO),
                    null,
                    null)),
            "slice-%d-%d".formatted(start.slice(), names++));
    slices.put(start.slice(), shard);
    sliceLanes.put(start.slice(), inbox.address());
    parts.add(new Part(spec.attempt(), shard));
    start
        .replyTo()
        .tell(
            new WorkerHost.CopyStarted(
                start.slice(), new Holder(holder, shard, inbox.address()), false));
    return Behaviors.same();
  }

  private Behavior<WorkerHost.Command> onStopRun(
      ActorContext<WorkerHost.Command> context, WorkerHost.StopRun stop) {
    parts.removeIf(
        part -> {
          boolean over = part.attempt() <= stop.attempt();
          if (over) {
            context.stop(part.actor());
          }
          return over;
        });
    return Behaviors.same();
  }
}
