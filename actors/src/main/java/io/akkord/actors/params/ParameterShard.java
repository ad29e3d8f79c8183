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
import io.akkord.model.layout.ParameterLayout.Slice;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

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
  public record Expect(long attempt, long step, long[] assignments) implements Command {}

  /**
   * The decision on a step. Its record is kept beside the weights it leads to.
   *
   * @param assignment under which the sum was made that it is about
   * @param clipScale what the gradient is multiplied with
   * @param adamSteps n of the bias correction
   * @param skip the weights stay as they are
   * @param snapshot a copy of the new version goes to the checkpoint
   */
  public record Apply(
      long attempt,
      long step,
      long assignment,
      double clipScale,
      double learningRate,
      long adamSteps,
      boolean skip,
      boolean snapshot,
      CommitRecord record)
      implements Command {}

  /** Send the state of a version to a new copy of this slice. */
  public record Feed(long version, LaneAddress lane) implements Command {}

  /** From now on this copy sends the parameters out. */
  public enum Publish implements Command {
    INSTANCE
  }

  private record Opened(HeldSlice held, Throwable failure) implements Command {}

  private record BlockArrived(BulkHeader header, long block) implements Command {}

  @SuppressWarnings("ArrayRecordComponent")
  private record Summed(long step, long assignment, double[] squares, Throwable failure)
      implements Command {}

  private record Applied(long version, HeldSlice.Copied copied, Throwable failure)
      implements Command {}

  private record Sent(long send) implements Command {}

  private record Fed(Feed feed, SliceStore.Snapshot snapshot, Throwable failure)
      implements Command {}

  private final RunFacts facts;
  private final Slice slice;
  private final SliceDevice device;
  private final Bulk bulk;
  private final LaneInbox inbox;
  private final LaneAddress checkpointLane;
  private final ActorRef<ParameterServer.Command> server;
  private final SliceReaders readers = new SliceReaders();
  private final GradientParts parts = new GradientParts();
  private final List<LaneInbox.Block> early = new ArrayList<>();
  private final String holder;
  private final StateBlocks state = new StateBlocks();
  private final List<Feed> feeds = new ArrayList<>();
  private boolean publishing;
  private boolean opening;
  private final KeptSlices.Lease lease;
  private HeldSlice held;

  /** What was opened last; the device thread's own. */
  private HeldSlice fresh;

  private long version = -1;
  private final List<LaneInbox.Block> inUse = new ArrayList<>();
  private boolean summing;
  private boolean applying;
  private Apply waitingApply;

  /** Of steps after that one: only who is being filled when they are skipped is so far behind. */
  private final Queue<Apply> laterSkips = new ArrayDeque<>();

  /**
   * What a copy of a slice needs.
   *
   * @param holder id of the process that keeps it
   * @param inbox where its state and then gradients arrive
   * @param checkpointLane where snapshots go
   * @param lease takes what is left when the copy ends
   * @param adopted what an earlier attempt left; null: the copy is empty
   * @param finish the decision that an adopted copy still has to carry out, or null
   */
  public record Setup(
      RunFacts facts,
      Slice slice,
      String holder,
      SliceDevice device,
      Bulk bulk,
      LaneInbox inbox,
      LaneAddress checkpointLane,
      ActorRef<ParameterServer.Command> server,
      KeptSlices.Lease lease,
      HeldSlice adopted,
      Apply finish) {}

  /** A copy of a slice; if it adopts nothing, its first version arrives through its lane. */
  public static Behavior<Command> create(Setup setup) {
    return Behaviors.setup(context -> new ParameterShard(context, setup));
  }

  private ParameterShard(ActorContext<Command> context, Setup setup) {
    super(context);
    this.facts = setup.facts();
    this.slice = setup.slice();
    this.holder = setup.holder();
    this.device = setup.device();
    this.bulk = setup.bulk();
    this.inbox = setup.inbox();
    this.checkpointLane = setup.checkpointLane();
    this.server = setup.server();
    this.lease = setup.lease();
    ActorRef<Command> self = context.getSelf();
    inbox.listen(arrived -> self.tell(new BlockArrived(arrived.header(), arrived.block())));
    if (setup.adopted() != null) {
      held = setup.adopted();
      version = held.version();
      waitingApply = setup.finish();
      applyWhenReady();
    }
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
        .onMessage(Feed.class, this::onFeed)
        .onMessage(Fed.class, this::onFed)
        .onMessageEquals(Publish.INSTANCE, this::onPublish)
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  /** A block of the state this copy starts from. */
  private void onState(LaneInbox.Block block) {
    if (held != null || opening) {
      block.release().run();
      return;
    }
    state.add(block);
    if (state.complete()) {
      opening = true;
      long from = state.version();
      getContext()
          .pipeToSelf(
              device.submit(
                  () -> {
                    fresh = new HeldSlice(slice, device, state.open(facts, slice, device), from);
                    return fresh;
                  }),
              Opened::new);
    }
  }

  private Behavior<Command> onOpened(Opened opened) {
    if (opened.failure() != null) {
      throw failed("be opened", opened.failure());
    }
    held = opened.held();
    version = held.version();
    opening = false;
    state.release();
    if (waitingApply != null && waitingApply.step() != version) {
      // Whoever fed it had carried the decision out before.
      waitingApply = null;
    }
    takeLaterSkip();
    goOn();
    return this;
  }

  private void takeLaterSkip() {
    while (waitingApply == null && !laterSkips.isEmpty()) {
      Apply next = laterSkips.remove();
      waitingApply = next.step() == version ? next : null;
    }
    applyWhenReady();
  }

  /** A version is here: it is sent out, copied and computed with, unless its step is decided. */
  private void goOn() {
    if (applying) {
      return;
    }
    publishAll();
    feedWhenIdle();
    sumWhenComplete();
  }

  private Behavior<Command> onPublish() {
    if (publishing) {
      return this;
    }
    publishing = true;
    if (held != null && waitingApply == null && !applying) {
      publishAll();
    }
    return this;
  }

  private void publishAll() {
    readers.workers().forEach(this::publish);
  }

  private Behavior<Command> onFeed(Feed feed) {
    feeds.add(feed);
    feedWhenIdle();
    return this;
  }

  /** The new copy takes part in this version's step, so no update happens before it is filled. */
  private void feedWhenIdle() {
    if (held == null || applying) {
      return;
    }
    List<Feed> now = feeds.stream().filter(feed -> feed.version() <= version).toList();
    feeds.removeAll(now);
    now.forEach(
        feed ->
            getContext()
                .pipeToSelf(
                    device.submit(held.store()::snapshot),
                    (snapshot, failure) -> new Fed(feed, snapshot, failure)));
  }

  private Behavior<Command> onFed(Fed fed) {
    if (fed.failure() != null) {
      throw failed("be copied", fed.failure());
    }
    sendSnapshot(fed.feed().lane(), fed.snapshot(), 0);
    return this;
  }

  private IllegalStateException failed(String what, Throwable cause) {
    return new IllegalStateException(
        "parameter slice %d could not %s: %s".formatted(slice.index(), what, cause), cause);
  }

  private Behavior<Command> onAdmit(Admit admit) {
    boolean isNew = readers.admit(admit.worker(), admit.lane());
    if (isNew && held != null && waitingApply == null && !applying) {
      publish(admit.worker());
    }
    return this;
  }

  private Behavior<Command> onDismiss(Dismiss dismiss) {
    readers.dismiss(dismiss.worker());
    applyWhenReady();
    return this;
  }

  private Behavior<Command> onExpect(Expect expect) {
    if (expect.attempt() != facts.attempt()) {
      return this;
    }
    // A native job may still be reading what has just become stale.
    inUse.addAll(parts.expect(expect.step(), expect.assignments()));
    releaseWhenIdle();
    List<LaneInbox.Block> again = List.copyOf(early);
    early.clear();
    again.forEach(this::onGradient);
    return this;
  }

  private Behavior<Command> onBlockArrived(BlockArrived arrived) {
    BulkHeader header = arrived.header();
    boolean isState = SliceBlocks.STATE.contains(header.kind());
    boolean wanted =
        SliceBlocks.isOurs(facts, header)
            && (isState || header.kind() == Kind.GRADIENT)
            && header.slice() == slice.index();
    if (!wanted) {
      inbox.refuse(arrived.block());
      return this;
    }
    LaneInbox.Block block = inbox.take(arrived.block());
    Optional<String> flaw = SliceBlocks.flaw(facts, block);
    if (flaw.isPresent()) {
      getContext().getLog().warn("slice {} refused {}", slice.index(), flaw.get());
      block.release().run();
    } else if (isState) {
      onState(block);
    } else {
      onGradient(block);
    }
    return this;
  }

  private void onGradient(LaneInbox.Block block) {
    if (parts.early(block.header())) {
      early.add(block);
    } else {
      parts.add(block);
      sumWhenComplete();
    }
  }

  private void releaseWhenIdle() {
    if (!summing && !applying && waitingApply == null) {
      inUse.forEach(block -> block.release().run());
      inUse.clear();
    }
  }

  private void sumWhenComplete() {
    if (held == null
        || summing
        || applying
        || waitingApply != null
        || !parts.complete()
        || parts.step() != version
        || parts.isSummed()) {
      return;
    }
    summing = true;
    long step = parts.step();
    long assignment = parts.assignment();
    int shards = parts.shards();
    var bytes = parts.bytes();
    getContext()
        .pipeToSelf(
            device.submit(() -> held.sum(assignment, shards, bytes)),
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
      parts.markSummed();
      server.tell(
          new ParameterServer.SliceSummed(
              facts.attempt(),
              summed.step(),
              summed.assignment(),
              slice.index(),
              holder,
              summed.squares()));
    } else {
      sumWhenComplete();
    }
    return this;
  }

  private Behavior<Command> onApply(Apply apply) {
    // A repeated decision must not be carried out twice while the first is under way.
    boolean isNew = !applying && waitingApply == null;
    if (held == null && apply.skip() && waitingApply != null && apply.step() == parts.step()) {
      laterSkips.add(apply);
      return this;
    }
    // A copy that is being filled takes part in the step that is expected.
    long now = held == null ? parts.step() : version;
    if (!isNew || apply.attempt() != facts.attempt() || apply.step() != now) {
      return this;
    }
    if (!apply.skip() && !isSummedFor(apply)) {
      getContext()
          .getLog()
          .warn(
              "slice {} refused the decision on step {} under assignment {}: expected is step {}"
                  + " under {}, {}",
              slice.index(),
              apply.step(),
              apply.assignment(),
              parts.step(),
              parts.assignment(),
              parts.isSummed() ? "summed" : "not summed");
      return this;
    }
    waitingApply = apply;
    inUse.addAll(parts.detach());
    applyWhenReady();
    return this;
  }

  /** Another sum than the decided one would move the weights elsewhere than the other slices. */
  private boolean isSummedFor(Apply apply) {
    return parts.isSummed()
        && parts.step() == apply.step()
        && parts.assignment() == apply.assignment();
  }

  /** The slice is written in place, so every worker must have let go of the version before. */
  private void applyWhenReady() {
    if (waitingApply == null || held == null || !readers.haveLetGo()) {
      return;
    }
    Apply apply = waitingApply;
    waitingApply = null;
    applying = true;
    getContext()
        .pipeToSelf(
            device.submit(() -> held.apply(apply)),
            (copied, failure) -> new Applied(apply.step() + 1, copied, failure));
  }

  private Behavior<Command> onApplied(Applied applied) {
    if (applied.failure() != null) {
      throw failed("be updated", applied.failure());
    }
    version = applied.version();
    applying = false;
    releaseWhenIdle();
    if (applied.copied() != null) {
      sendSnapshot(checkpointLane, applied.copied().snapshot(), applied.copied().nanos());
    }
    takeLaterSkip();
    goOn();
    return this;
  }

  private void sendSnapshot(LaneAddress lane, SliceStore.Snapshot snapshot, long nanos) {
    SliceStore store = held.store();
    CompletableFuture.allOf(
            send(lane, header(Kind.SNAPSHOT_WEIGHTS, nanos), snapshot.weights()),
            send(lane, header(Kind.SNAPSHOT_FIRST_MOMENT, nanos), snapshot.firstMoment()),
            send(lane, header(Kind.SNAPSHOT_SECOND_MOMENT, nanos), snapshot.secondMoment()))
        .thenRun(() -> store.recycle(snapshot));
  }

  private CompletableFuture<Void> send(LaneAddress lane, BulkHeader header, ByteBuffer bytes) {
    return bulk.send(lane, header, bytes).toCompletableFuture();
  }

  private BulkHeader header(Kind kind, long nanos) {
    boolean isState = SliceBlocks.STATE.contains(kind);
    return new BulkHeader(
        facts.runId(),
        facts.attempt(),
        version,
        nanos,
        kind,
        isState ? SliceBlocks.state(facts) : SliceBlocks.wire(facts),
        0,
        SliceBlocks.STATE.size(),
        slice.index());
  }

  private void publish(String worker) {
    if (!publishing) {
      return;
    }
    CompletionStage<Void> send =
        bulk.send(readers.lane(worker), header(Kind.PARAMETERS, 0), held.store().weights());
    long number = readers.sent(worker, send);
    getContext().pipeToSelf(send, (released, failure) -> new Sent(number));
  }

  private Behavior<Command> onSent(Sent sent) {
    if (readers.ended(sent.send())) {
      applyWhenReady();
    }
    return this;
  }

  /**
   * What the slice has become is left to the lease, which knows whether somebody may still want it.
   */
  private Behavior<Command> onPostStop(PostStop signal) {
    inUse.addAll(parts.detach());
    // A job that opens the slice may still read its state.
    inUse.addAll(state.detach());
    inUse.addAll(early);
    inbox.close();
    List<LaneInbox.Block> blocks = List.copyOf(inUse);
    Apply undone = waitingApply;
    device.submit(
        () -> {
          try {
            if (held != null) {
              held.settle(undone);
            }
          } finally {
            blocks.forEach(block -> block.release().run());
          }
          return null;
        });
    // Whoever still reads the weights reads this memory.
    readers.released().whenComplete((released, failure) -> device.submit(this::endLease));
    return this;
  }

  private Void endLease() {
    if (held == null && fresh != null) {
      // Nobody has seen that it was opened.
      fresh.close();
    }
    lease.end(held);
    return null;
  }
}
