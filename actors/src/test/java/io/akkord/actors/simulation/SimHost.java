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
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.takeover.KeptCopy;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.HostParts;
import io.akkord.actors.worker.RunSpec;
import io.akkord.actors.worker.WorkerHost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongFunction;

/** A worker's process: starts the real worker and the real slices, on a device that is not real. */
final class SimHost {
  /** A message may be lost on its way; that it leaves is said until it is let go. */
  private static final Duration AGAIN = Duration.ofSeconds(5);

  private static final Duration LONGEST_END = Duration.ofSeconds(10);

  private enum SayAgain {
    INSTANCE
  }

  private enum LeaveOver {
    INSTANCE
  }

  /** What the slices here have left is known, or cannot be. */
  private record Left(WorkerHost.WhatIsLeft question, List<KeptCopy> copies) {}

  final SimProcess process;
  private final SimLoop loop;
  final SimDevice device;
  private final Bulk bulk;
  private final LongFunction<RunFacts> facts;
  private final long badStep;
  private final Set<Faults> planted;
  private final List<FakeCompute> computes = new ArrayList<>();

  /** Where its newest worker and slices are reached, for messages that come back from the past. */
  ActorRef<GpuWorker.Command> worker;

  LaneAddress workerLane;
  final Map<Integer, LaneAddress> sliceLanes = new TreeMap<>();
  final Map<Integer, ActorRef<ParameterShard.Command>> slices = new TreeMap<>();
  ActorRef<WorkerHost.Command> ref;
  private final KeptSlices kept;

  /** It has said what is left of this attempt and those before it. */
  private long over;

  private HostParts parts;
  private final Map<ActorRef<Supervisor.Command>, Orphaned> supervisors = new LinkedHashMap<>();
  private Duration drain;
  private String leaving;

  /** A supervisor has counted it among its workers. */
  boolean joined;

  SimHost(
      SimLoop loop,
      SimProcess process,
      Bulk bulk,
      LongFunction<RunFacts> facts,
      long badStep,
      Set<Faults> planted) {
    this.process = process;
    this.loop = loop;
    this.device = new SimDevice(loop, process);
    this.bulk = bulk;
    this.facts = facts;
    this.badStep = badStep;
    this.planted = planted;
    this.kept = new KeptSlices((delay, action) -> loop.after(delay, process, action));
  }

  /** The newest attempt nothing of which may happen here any more. */
  long over() {
    return over;
  }

  boolean leaves() {
    return leaving != null;
  }

  /** The computation of the newest attempt. */
  FakeCompute compute() {
    return computes.isEmpty() ? null : computes.get(computes.size() - 1);
  }

  int lent() {
    return computes.stream().mapToInt(FakeCompute::lent).sum();
  }

  Behavior<WorkerHost.Command> create() {
    String id = process.name.startsWith("head") ? "control" : process.name;
    return Behaviors.<Object>setup(
            context -> {
              ActorContext<WorkerHost.Command> mine = narrow(context);
              parts = new HostParts(mine, id, bulk, kept);
              return Behaviors.receive(Object.class)
                  .onMessage(WorkerHost.StartWorker.class, start -> onStartWorker(context, start))
                  .onMessage(WorkerHost.StartCopy.class, this::onStartCopy)
                  .onMessage(WorkerHost.WhatIsLeft.class, asked -> onWhatIsLeft(context, asked))
                  .onMessage(Left.class, this::onLeft)
                  .onMessage(Orphaned.class, this::onOrphaned)
                  .onMessage(WorkerHost.StopRun.class, this::onStopRun)
                  .onMessage(WorkerHost.Leave.class, leave -> onLeave(context, leave))
                  .onMessageEquals(SayAgain.INSTANCE, () -> sayLeaving(context))
                  .onMessageEquals(LeaveOver.INSTANCE, this::onLeaveOver)
                  .build();
            })
        .narrow();
  }

  /** A context's own actor takes every message here. */
  @SuppressWarnings("unchecked")
  private static ActorContext<WorkerHost.Command> narrow(ActorContext<?> context) {
    return (ActorContext<WorkerHost.Command>) context;
  }

  /** The supervisor of an attempt is gone; another one may go on from the slices. */
  private record Orphaned(String runId, long attempt) {}

  private Behavior<Object> onStartWorker(
      ActorContext<Object> context, WorkerHost.StartWorker start) {
    RunSpec spec = start.spec();
    if (parts.isOver(spec)) {
      return Behaviors.same();
    }
    if (leaves()) {
      start.supervisor().tell(new Supervisor.WorkerFailed(process.name, "it leaves: " + leaving));
      return Behaviors.same();
    }
    Orphaned orphaned = new Orphaned(spec.runId(), spec.attempt());
    context.watchWith(start.supervisor(), orphaned);
    supervisors.put(start.supervisor(), orphaned);
    drain = facts.apply(spec.attempt()).settings().deadlines().drain();
    parts.begin(spec.runId());
    RunFacts of = facts.apply(spec.attempt());
    FakeCompute compute = new FakeCompute(of, device, badStep);
    computes.add(compute);
    LaneInbox inbox = new LaneInbox(bulk);
    worker =
        parts.spawn(
            spec,
            GpuWorker.create(
                of,
                process.name,
                compute,
                bulk,
                inbox,
                start.server(),
                start.ledger(),
                start.supervisor(),
                narrow(context).getSelf()),
            "worker");
    workerLane = inbox.address();
    return Behaviors.same();
  }

  private Behavior<Object> onStartCopy(WorkerHost.StartCopy start) {
    if (parts.isOver(start.spec())) {
      return Behaviors.same();
    }
    Holder holder =
        parts.startCopy(
            start,
            facts.apply(start.spec().attempt()),
            () -> new FakeSlices(device, planted.contains(Faults.NORM_BY_SLICES)));
    slices.put(start.slice(), holder.ref());
    sliceLanes.put(start.slice(), holder.lane());
    return Behaviors.same();
  }

  private Behavior<Object> onWhatIsLeft(
      ActorContext<Object> context, WorkerHost.WhatIsLeft question) {
    end(question.runId(), question.attempt() - 1);
    if (leaves()) {
      return goWhenFree();
    }
    if (planted.contains(Faults.NO_END_OF_OLDER_ATTEMPTS)) {
      return onLeft(new Left(question, List.of()));
    }
    context.pipeToSelf(
        parts.left(question),
        (copies, failure) -> {
          Broken.unless(failure == null, "what is left is not known: %s", failure);
          return new Left(question, copies);
        });
    return Behaviors.same();
  }

  private Behavior<Object> onLeft(Left left) {
    over = Math.max(over, left.question().attempt() - 1);
    parts.tell(left.question(), left.copies());
    return Behaviors.same();
  }

  private Behavior<Object> onOrphaned(Orphaned over) {
    parts.end(over.runId(), over.attempt());
    end(over.runId(), over.attempt());
    return goWhenFree();
  }

  private Behavior<Object> onStopRun(WorkerHost.StopRun stop) {
    parts.endForGood(stop.runId(), stop.attempt());
    end(stop.runId(), stop.attempt());
    return goWhenFree();
  }

  private void end(String runId, long attempt) {
    supervisors.values().removeIf(o -> o.runId().equals(runId) && o.attempt() <= attempt);
  }

  // ---- leaving, as WorkerHost does
  // ---------------------------------------------------------------

  private Behavior<Object> onLeave(ActorContext<Object> context, WorkerHost.Leave leave) {
    if (leaves()) {
      return Behaviors.same();
    }
    leaving = leave.reason();
    if (drain != null) {
      Duration longest = drain.multipliedBy(9).dividedBy(8);
      context.scheduleOnce(longest, context.getSelf(), LeaveOver.INSTANCE);
    }
    return sayLeaving(context);
  }

  private Behavior<Object> sayLeaving(ActorContext<Object> context) {
    Supervisor.Leaving told =
        new Supervisor.Leaving(process.name, narrow(context).getSelf(), leaving);
    supervisors.keySet().forEach(supervisor -> supervisor.tell(told));
    context.scheduleOnce(AGAIN, context.getSelf(), SayAgain.INSTANCE);
    return goWhenFree();
  }

  private Behavior<Object> onLeaveOver() {
    Supervisor.WorkerFailed told = new Supervisor.WorkerFailed(process.name, "it was not let go");
    supervisors.keySet().forEach(supervisor -> supervisor.tell(told));
    supervisors.clear();
    return goWhenFree();
  }

  private Behavior<Object> goWhenFree() {
    if (!leaves() || !supervisors.isEmpty()) {
      return Behaviors.same();
    }
    parts.close();
    long end = loop.between(Duration.ofMillis(1), LONGEST_END);
    loop.after(Duration.ofNanos(end), null, () -> process.alive = false);
    return Behaviors.stopped();
  }
}
