package io.akkord.actors.params;

import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestInbox;
import akka.actor.typed.ActorRef;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.params.ParameterShard.Apply;
import io.akkord.actors.params.ParameterShard.Expect;
import io.akkord.actors.run.RunFacts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * Copies of slice 0 of attempt 1 on a gated device, one of them under test. {@link #settled} waits
 * until everything sent so far is handled.
 */
final class ShardFixture {
  private static final int HOPS = 5;
  private static final Duration LONG = Duration.ofMinutes(5);

  /** Parameters or a snapshot as they come out; held until released. */
  record Out(BulkHeader header, String numbers, Runnable release) {}

  private final ActorTestKit kit;
  final RunFacts facts;
  final GatedSlices device = new GatedSlices();
  final KeptSlices kept = new KeptSlices();
  final InJvmBulk bulk = new InJvmBulk();
  final ActorRef<ParameterShard.Command> shard;
  final LaneAddress lane;
  final LaneAddress checkpoints;
  private final Queue<Out> out = new ConcurrentLinkedQueue<>();
  private final TestInbox<ParameterServer.Command> server = TestInbox.create();

  /** Copies that were started. */
  private int copies;

  /** An empty copy that nobody has told anything. */
  ShardFixture(ActorTestKit kit, Path folder) {
    this.kit = kit;
    this.facts = RunFixture.in(folder).facts();
    this.checkpoints = reader();
    LaneInbox inbox = new LaneInbox(bulk);
    this.lane = inbox.address();
    this.shard = copy(inbox);
  }

  /** Another empty copy of the slice. */
  ActorRef<ParameterShard.Command> copy(LaneInbox inbox) {
    KeptSlices.Lease lease = kept.lease(RunFixture.RUN, 1, copies, LONG);
    return kit.spawn(
        ParameterShard.create(
            new ParameterShard.Setup(
                facts,
                facts.slices().get(0),
                "copy" + copies++,
                device,
                bulk,
                inbox,
                checkpoints,
                server.getRef(),
                lease,
                null,
                null)));
  }

  /** Filled with version 0; sends its parameters to a worker. */
  ShardFixture filled() {
    shard.tell(ParameterShard.Publish.INSTANCE);
    shard.tell(new ParameterShard.Admit("w", reader()));
    state(0, 1, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(1, 2));
    settled();
    return this;
  }

  /** A lane whose blocks wait in {@link #arrived}. */
  LaneAddress reader() {
    Bulk.Receiver receiver =
        (header, bytes, release) ->
            out.add(new Out(header, bytes.getFloat(0) + " " + bytes.getFloat(4), release));
    return bulk.open(receiver);
  }

  CompletableFuture<Void> state(long version, int parts, Kind kind, ByteBuffer bytes) {
    return send(
        new BulkHeader(RunFixture.RUN, 1, version, 0, kind, Dtype.FLOAT32, 0, parts, 0), bytes);
  }

  CompletableFuture<Void> send(BulkHeader header, ByteBuffer bytes) {
    return bulk.send(lane, header, bytes).toCompletableFuture();
  }

  static BulkHeader gradientHeader(long step, long assignment, int lo, int hi) {
    return new BulkHeader(
        RunFixture.RUN, 1, step, assignment, Kind.GRADIENT, Dtype.FLOAT32, lo, hi, 0);
  }

  /** One for every number. */
  CompletableFuture<Void> gradient(long step, long assignment, int lo, int hi) {
    return send(gradientHeader(step, assignment, lo, hi), GatedSlices.floats(1, 1));
  }

  void expect(long step, long assignment) {
    long[] all = new long[RunFixture.SHARDS];
    Arrays.fill(all, assignment);
    shard.tell(new Expect(1, step, all));
  }

  /** Expected and summed under an assignment. */
  void sum(long step, long assignment) {
    expect(step, assignment);
    gradient(step, assignment, 0, RunFixture.SHARDS);
    settled();
  }

  void apply(long step, long assignment) {
    shard.tell(decision(step, assignment, false));
  }

  static Apply decision(long step, long assignment, boolean skip) {
    CommitRecord record =
        new CommitRecord(step, new int[0], new float[0], 0, 1, skip, null, null, null);
    return new Apply(1, step, assignment, 1, 0.1, step + 1, skip, false, record);
  }

  /** Step and assignment of what was said to be summed since the last time. */
  List<String> summed() {
    settled();
    return server.getAllReceived().stream()
        .map(ParameterServer.SliceSummed.class::cast)
        .map(s -> "step %d under %d".formatted(s.step(), s.assignment()))
        .toList();
  }

  /** Blocks that came out since the last time and are still read. */
  List<Out> arrived() {
    settled();
    List<Out> all = new ArrayList<>();
    for (Out next = out.poll(); next != null; next = out.poll()) {
      all.add(next);
    }
    return all;
  }

  /** The next blocks, when so many have come. */
  List<Out> arrived(int blocks) {
    List<Out> all = new ArrayList<>();
    await()
        .pollInterval(Duration.ofMillis(2))
        .until(
            () -> {
              all.addAll(arrived());
              return all.size() >= blocks;
            });
    return all;
  }

  /** The same as versions and numbers, released. */
  List<String> read() {
    List<Out> all = arrived();
    all.forEach(o -> o.release().run());
    return all.stream().map(o -> "%d: %s".formatted(o.header().step(), o.numbers())).toList();
  }

  /** Everything sent so far is handled, and what the device's answers have led to. */
  void settled() {
    BulkHeader strange = new BulkHeader("other", 1, 0, 0, Kind.GRADIENT, Dtype.FLOAT32, 0, 1, 0);
    for (int i = 0; i < HOPS; i++) {
      send(strange, GatedSlices.floats(0, 0)).orTimeout(20, TimeUnit.SECONDS).join();
    }
  }

  /** What is left of the attempt when all of its copies were stopped. */
  List<KeptSlices.Kept> left() {
    kit.stop(shard);
    return kept.before(RunFixture.RUN, 2)
        .toCompletableFuture()
        .orTimeout(20, TimeUnit.SECONDS)
        .join();
  }
}
