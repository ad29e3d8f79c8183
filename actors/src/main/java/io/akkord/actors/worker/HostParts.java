package io.akkord.actors.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.params.HeldSlice;
import io.akkord.actors.params.Holder;
import io.akkord.actors.params.KeptSlices;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.params.SliceDevice;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.takeover.KeptCopy;
import io.akkord.actors.takeover.SliceSurvey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * The actors that a host runs for attempts, and what its slices leave for later ones. Used by one
 * actor.
 */
public final class HostParts {
  private record Part(String runId, long attempt, ActorRef<?> actor) {}

  private final ActorContext<WorkerHost.Command> context;
  private final String id;
  private final Bulk bulk;
  private final KeptSlices kept;
  private final List<Part> parts = new ArrayList<>();
  private int names;

  /** By run: the newest attempt that has asked for what is left. */
  private final Map<String, Long> newest = new HashMap<>();

  /**
   * Nothing runs yet.
   *
   * @param id of the host's worker
   */
  public HostParts(
      ActorContext<WorkerHost.Command> context, String id, Bulk bulk, KeptSlices kept) {
    this.context = context;
    this.id = id;
    this.bulk = bulk;
    this.kept = kept;
  }

  /**
   * Whether a newer attempt has asked here for what is left: who still sends for this one does not
   * know yet that it is over, and must not be given what belongs to the newer one.
   */
  public boolean isOver(RunSpec spec) {
    return spec.attempt() < newest.getOrDefault(spec.runId(), 0L);
  }

  /** Starts an actor of an attempt. */
  public <T> ActorRef<T> spawn(RunSpec spec, Behavior<T> behavior, String name) {
    ActorRef<T> actor = context.spawn(behavior, name + "-" + names++);
    parts.add(new Part(spec.runId(), spec.attempt(), actor));
    return actor;
  }

  /**
   * Starts to keep a copy of a slice, an empty one or the one that an earlier attempt left.
   *
   * @param device where an empty one will lie
   */
  public Holder startCopy(
      WorkerHost.StartCopy start, RunFacts facts, Supplier<SliceDevice> device) {
    RunSpec spec = start.spec();
    LaneInbox inbox = new LaneInbox(bulk);
    HeldSlice adopted =
        start.adopt() < 0
            ? null
            : kept.take(spec.runId(), spec.attempt(), start.slice(), start.adopt()).orElse(null);
    KeptSlices.Lease lease =
        kept.lease(
            spec.runId(), spec.attempt(), start.slice(), facts.settings().deadlines().takeOver());
    ParameterShard.Setup setup =
        new ParameterShard.Setup(
            facts,
            facts.slices().get(start.slice()),
            id,
            adopted == null ? device.get() : adopted.device(),
            bulk,
            inbox,
            start.checkpointLane(),
            start.server(),
            lease,
            adopted,
            adopted == null ? null : start.finish());
    ActorRef<ParameterShard.Command> shard =
        spawn(spec, ParameterShard.create(setup), "slice-" + start.slice());
    Holder holder = new Holder(id, shard, inbox.address());
    start.replyTo().tell(new WorkerHost.CopyStarted(start.slice(), holder, adopted != null));
    return holder;
  }

  /** What is left of the attempts before one, once the last of their actors has ended. */
  public CompletionStage<List<KeptCopy>> left(WorkerHost.WhatIsLeft question) {
    newest.merge(question.runId(), question.attempt(), Math::max);
    // Whoever asks knows that the attempts before are over, even if this host does not yet.
    end(question.runId(), question.attempt() - 1);
    return kept.before(question.runId(), question.attempt())
        .thenApply(found -> found.stream().map(slice -> KeptCopy.of(id, slice)).toList());
  }

  /** Answers a survey. */
  public void tell(WorkerHost.WhatIsLeft question, List<KeptCopy> copies) {
    question.replyTo().tell(new SliceSurvey.Holds(context.getSelf(), copies));
  }

  /** Ends what runs here of an attempt and those before it; what slices leave is kept. */
  public void end(String runId, long attempt) {
    parts.removeIf(
        part -> {
          boolean over = part.runId().equals(runId) && part.attempt() <= attempt;
          if (over) {
            context.stop(part.actor());
          }
          return over;
        });
  }

  /** Ends it like {@link #end}, and nobody goes on from what its slices leave. */
  public void endForGood(String runId, long attempt) {
    kept.release(runId, attempt);
    end(runId, attempt);
  }

  /** Another run begins: what others left is released. */
  public void begin(String runId) {
    kept.releaseOthers(runId);
  }

  /** Releases everything, now and later. */
  public void close() {
    kept.close();
  }
}
