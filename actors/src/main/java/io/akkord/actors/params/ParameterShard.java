package io.akkord.actors.params;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import io.akkord.actors.CborMessage;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.engine.DeviceThread;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One slice of the master weights with its moments: finishes the sums of gradients in the fixed
 * order, applies the update when told, and sends the new slice to every worker. The next version's
 * slices are also what a late worker starts from.
 */
public final class ParameterShard extends AbstractBehavior<ParameterShard.Command> {

  /** What a parameter shard can be told. */
  public sealed interface Command extends CborMessage {}

  /** A worker wants every version from the current one on. */
  public record Admit(String worker, LaneAddress lane) implements Command {}

  /** A worker wants none any more. */
  public record Dismiss(String worker) implements Command {}

  /** Under which assignment each logical shard's gradient of a step counts. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Expect(long step, long[] assignments) implements Command {}

  /**
   * The decision on a step.
   *
   * @param clipScale what the gradient is multiplied with
   * @param adamSteps n of the bias correction
   * @param skip the weights stay as they are
   * @param snapshot a copy of the new version goes to the checkpoint
   */
  public record Apply(
      long attempt,
      long step,
      double clipScale,
      double learningRate,
      long adamSteps,
      boolean skip,
      boolean snapshot)
      implements Command {}

  private record Opened(SliceStore store, Throwable failure) implements Command {}

  private record BlockArrived(BulkHeader header, long block) implements Command {}

  @SuppressWarnings("ArrayRecordComponent")
  private record Summed(long step, long assignment, double[] squares, Throwable failure)
      implements Command {}

  private record Applied(long version, SliceStore.Snapshot snapshot, Throwable failure)
      implements Command {}

  private record Sent(String worker, long version) implements Command {}

  private final RunFacts facts;
  private final Slice slice;
  private final DeviceThread device;
  private final Bulk bulk;
  private final LaneInbox inbox;
  private final LaneAddress checkpointLane;
  private final ActorRef<ParameterServer.Command> server;
  private final Map<String, LaneAddress> lanes = new HashMap<>();
  private final Map<String, Long> sending = new HashMap<>();
  private final GradientParts parts = new GradientParts();
  private final List<BlockArrived> early = new ArrayList<>();
  private SliceStore store;
  private long version;
  private final List<LaneInbox.Block> inUse = new ArrayList<>();
  private boolean summing;
  private boolean applying;
  private Apply waitingApply;

  /**
   * A slice.
   *
   * @param version committed steps of what {@code initial} holds
   * @param inbox where gradients arrive
   * @param checkpointLane where snapshots go
   */
  public static Behavior<Command> create(
      RunFacts facts,
      Slice slice,
      long version,
      SliceStore.Initial initial,
      DeviceThread device,
      Bulk bulk,
      LaneInbox inbox,
      LaneAddress checkpointLane,
      ActorRef<ParameterServer.Command> server) {
    return Behaviors.setup(
        context ->
            new ParameterShard(
                context,
                facts,
                slice,
                version,
                initial,
                device,
                bulk,
                inbox,
                checkpointLane,
                server));
  }

  private ParameterShard(
      ActorContext<Command> context,
      RunFacts facts,
      Slice slice,
      long version,
      SliceStore.Initial initial,
      DeviceThread device,
      Bulk bulk,
      LaneInbox inbox,
      LaneAddress checkpointLane,
      ActorRef<ParameterServer.Command> server) {
    super(context);
    this.facts = facts;
    this.slice = slice;
    this.version = version;
    this.device = device;
    this.bulk = bulk;
    this.inbox = inbox;
    this.checkpointLane = checkpointLane;
    this.server = server;
    context.pipeToSelf(device.submit(() -> SliceStore.open(facts, slice, initial)), Opened::new);
    ActorRef<Command> self = context.getSelf();
    inbox.listen(arrived -> self.tell(new BlockArrived(arrived.header(), arrived.block())));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Opened.class, this::onOpened)
        .onMessage(Admit.class, this::onAdmit)
        .onMessage(Dismiss.class, this::onDismiss)
        .onMessage(Expect.class, this::onExpect)
        .onMessage(BlockArrived.class, this::onBlockArrived)
        .onMessage(Summed.class, this::onSummed)
        .onMessage(Apply.class, this::onApply)
        .onMessage(Applied.class, this::onApplied)
        .onMessage(Sent.class, this::onSent)
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  private Behavior<Command> onOpened(Opened opened) {
    if (opened.failure() != null) {
      throw failed("be opened", opened.failure());
    }
    store = opened.store();
    lanes.keySet().forEach(this::publish);
    return this;
  }

  private IllegalStateException failed(String what, Throwable cause) {
    return new IllegalStateException(
        "parameter slice %d could not %s: %s".formatted(slice.index(), what, cause), cause);
  }

  private Behavior<Command> onAdmit(Admit admit) {
    lanes.put(admit.worker(), admit.lane());
    if (store != null && waitingApply == null && !applying) {
      publish(admit.worker());
    }
    return this;
  }

  private Behavior<Command> onDismiss(Dismiss dismiss) {
    lanes.remove(dismiss.worker());
    sending.remove(dismiss.worker());
    applyWhenReady();
    return this;
  }

  private Behavior<Command> onExpect(Expect expect) {
    // A native job may still be reading what has just become stale.
    inUse.addAll(parts.expect(expect.step(), expect.assignments()));
    releaseWhenIdle();
    List<BlockArrived> again = List.copyOf(early);
    early.clear();
    again.forEach(this::onBlockArrived);
    return this;
  }

  private Behavior<Command> onBlockArrived(BlockArrived arrived) {
    BulkHeader header = arrived.header();
    boolean ours = header.run().equals(facts.runId()) && header.attempt() == facts.attempt();
    if (!ours || header.kind() != Kind.GRADIENT) {
      inbox.refuse(arrived.block());
    } else if (parts.early(header)) {
      early.add(arrived);
    } else {
      parts.add(inbox.take(arrived.block()));
      sumWhenComplete();
    }
    return this;
  }

  private void releaseWhenIdle() {
    if (!summing && !applying && waitingApply == null) {
      inUse.forEach(block -> block.release().run());
      inUse.clear();
    }
  }

  private void sumWhenComplete() {
    if (summing || applying || !parts.complete() || parts.step() != version) {
      return;
    }
    summing = true;
    long step = parts.step();
    long assignment = parts.assignment();
    int shards = parts.shards();
    var bytes = parts.bytes();
    getContext()
        .pipeToSelf(
            device.submit(
                () -> {
                  store.optimizer().sum(shards, bytes);
                  return store.optimizer().sumsOfSquares();
                }),
            (squares, failure) -> new Summed(step, assignment, squares, failure));
  }

  private Behavior<Command> onSummed(Summed summed) {
    summing = false;
    releaseWhenIdle();
    if (summed.failure() != null) {
      throw failed("be summed", summed.failure());
    }
    boolean current =
        summed.step() == parts.step()
            && summed.assignment() == parts.assignment()
            && parts.complete();
    if (current) {
      server.tell(
          new ParameterServer.SliceSummed(
              facts.attempt(),
              summed.step(),
              summed.assignment(),
              slice.index(),
              summed.squares()));
    } else {
      sumWhenComplete();
    }
    return this;
  }

  private Behavior<Command> onApply(Apply apply) {
    if (apply.attempt() == facts.attempt() && apply.step() == version) {
      waitingApply = apply;
      inUse.addAll(parts.detach());
      applyWhenReady();
    }
    return this;
  }

  /** The slice is written in place, so every worker must have let go of the version before. */
  private void applyWhenReady() {
    if (waitingApply == null || store == null || !sending.isEmpty()) {
      return;
    }
    Apply apply = waitingApply;
    waitingApply = null;
    applying = true;
    getContext()
        .pipeToSelf(
            device.submit(() -> applied(apply)),
            (snapshot, failure) -> new Applied(apply.step() + 1, snapshot, failure));
  }

  private SliceStore.Snapshot applied(Apply apply) {
    if (apply.skip()) {
      store.optimizer().drop();
    } else {
      store.optimizer().apply(apply.clipScale(), apply.learningRate(), apply.adamSteps());
    }
    return apply.snapshot() ? store.snapshot() : null;
  }

  private Behavior<Command> onApplied(Applied applied) {
    if (applied.failure() != null) {
      throw failed("be updated", applied.failure());
    }
    version = applied.version();
    applying = false;
    releaseWhenIdle();
    lanes.keySet().forEach(this::publish);
    if (applied.snapshot() != null) {
      sendSnapshot(Kind.SNAPSHOT_WEIGHTS, applied.snapshot().weights());
      sendSnapshot(Kind.SNAPSHOT_FIRST_MOMENT, applied.snapshot().firstMoment());
      sendSnapshot(Kind.SNAPSHOT_SECOND_MOMENT, applied.snapshot().secondMoment());
    }
    sumWhenComplete();
    return this;
  }

  private void sendSnapshot(Kind kind, java.nio.ByteBuffer bytes) {
    bulk.send(checkpointLane, header(kind), bytes);
  }

  private BulkHeader header(Kind kind) {
    return new BulkHeader(facts.runId(), facts.attempt(), version, 0, kind, 0, 0, slice.index());
  }

  private void publish(String worker) {
    long sent = version;
    sending.put(worker, sent);
    getContext()
        .pipeToSelf(
            bulk.send(lanes.get(worker), header(Kind.PARAMETERS), store.weights()),
            (released, failure) -> new Sent(worker, sent));
  }

  private Behavior<Command> onSent(Sent sent) {
    if (sending.remove(sent.worker(), sent.version())) {
      applyWhenReady();
    }
    return this;
  }

  private Behavior<Command> onPostStop(PostStop signal) {
    inUse.addAll(parts.detach());
    inbox.close();
    List<LaneInbox.Block> blocks = List.copyOf(inUse);
    device.submit(
        () -> {
          blocks.forEach(block -> block.release().run());
          if (store != null) {
            store.close();
          }
          return null;
        });
    return this;
  }
}
