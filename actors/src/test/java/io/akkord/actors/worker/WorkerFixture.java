package io.akkord.actors.worker;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestInbox;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.supervisor.Supervisor;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * A worker of attempt 2 among inboxes, with a gated device. Time stands still; {@link #settled}
 * waits until everything sent so far is handled.
 */
final class WorkerFixture {
  static final long ATTEMPT = 2;
  static final TableStamp NO_REWRITES = new TableStamp(0, "none");

  private static final int HOPS = 6;
  private static final long PATIENCE_NANOS = Duration.ofSeconds(20).toNanos();

  /** A gradient as a slice's holder gets it. */
  record Pushed(int holder, long step, long assignment, int lo, int hi, Runnable release) {
    @Override
    public String toString() {
      return "step %d under %d [%d, %d) to %d".formatted(step, assignment, lo, hi, holder);
    }
  }

  private final ActorTestKit kit;
  final RunFacts facts;
  final GatedCompute compute = new GatedCompute();
  final ActorRef<GpuWorker.Command> worker;
  final ConcurrentLinkedQueue<Pushed> pushed = new ConcurrentLinkedQueue<>();
  final List<List<LaneAddress>> holders;
  private final InJvmBulk bulk = new InJvmBulk();
  private final LaneInbox inbox = new LaneInbox(bulk);
  private final TestInbox<ParameterServer.Command> server = TestInbox.create();
  private final TestInbox<Ledger.Command> ledger = TestInbox.create();
  private final TestInbox<Supervisor.Command> supervisor = TestInbox.create();
  private final List<ParameterServer.Scored> scored = new ArrayList<>();
  private long marks;
  private ParameterServer.Position position;

  /** A system in which time stands still. */
  static ActorTestKit kit() {
    return ActorTestKit.create(ManualTime.config().withFallback(ConfigFactory.load()));
  }

  /** Opened and joined; has heard nothing yet. */
  WorkerFixture(ActorTestKit kit, RunFixture run) {
    this.kit = kit;
    facts = run.facts(ATTEMPT);
    worker =
        kit.spawn(
            GpuWorker.create(
                facts,
                "w",
                compute,
                bulk,
                inbox,
                server.getRef(),
                ledger.getRef(),
                supervisor.getRef(),
                TestInbox.<WorkerHost.Command>create().getRef()));
    holders = IntStream.range(0, facts.slices().size()).mapToObj(i -> List.of(holder(i))).toList();
    settled();
  }

  /** The lane of somebody who keeps a slice. */
  LaneAddress holder(int number) {
    return bulk.open(
        (header, bytes, release) ->
            pushed.add(
                new Pushed(
                    number,
                    header.step(),
                    header.assignment(),
                    header.lo(),
                    header.hi(),
                    release)));
  }

  /** Knows the holders, has all shards under assignment 1 and may compute. */
  WorkerFixture begun() {
    worker.tell(new GpuWorker.Holders(ATTEMPT, holders));
    assign(0, 1, 0, 1, 2, 3);
    worker.tell(new GpuWorker.Proceed(0, NO_REWRITES));
    table(NO_REWRITES, 0);
    parameters(0);
    settled();
    compute.calls();
    scored();
    return this;
  }

  /** The whole share of a step and of all later ones. */
  void assign(long step, long number, Integer... shards) {
    List<Integer> all = List.of(shards);
    worker.tell(new GpuWorker.Assigned(ATTEMPT, step, number, true, all, all));
  }

  /** All slices of a version; each number is the version. */
  List<CompletableFuture<Void>> parameters(long version) {
    return IntStream.range(0, facts.slices().size())
        .mapToObj(slice -> parameters(version, slice, version))
        .toList();
  }

  /** One slice; its memory is used for something else as soon as it is released. */
  CompletableFuture<Void> parameters(long version, int slice, float number) {
    return parameters(header(RunFixture.RUN, ATTEMPT, version, slice), GatedCompute.floats(number));
  }

  CompletableFuture<Void> parameters(BulkHeader header, ByteBuffer bytes) {
    return bulk.send(inbox.address(), header, bytes)
        .thenRun(() -> bytes.putFloat(0, Float.NaN))
        .toCompletableFuture();
  }

  static BulkHeader header(String run, long attempt, long version, int slice) {
    return header(run, attempt, version, Dtype.FLOAT32, slice);
  }

  static BulkHeader header(String run, long attempt, long version, Dtype dtype, int slice) {
    return new BulkHeader(run, attempt, version, 0, Kind.PARAMETERS, dtype, 0, 0, slice);
  }

  /** Tells the worker the statistics of a step. */
  void moments(long attempt, long step, double mean) {
    worker.tell(new GpuWorker.StepMoments(attempt, step, mean, 1, 4, 4, 4));
  }

  /** Answers everybody who has asked for the table so far. */
  void table(TableStamp stamp, int samples) {
    settled();
    Ledger.RewrittenSample one = new Ledger.RewrittenSample(0, 1, new int[] {1});
    Ledger.TableContent content =
        new Ledger.TableContent(stamp, IntStream.range(0, samples).mapToObj(i -> one).toList());
    pulls().forEach(pull -> pull.replyTo().tell(content));
  }

  /** Questions for the table since the last time. */
  List<Ledger.PullTable> pulls() {
    settled();
    return ledger.getAllReceived().stream().map(Ledger.PullTable.class::cast).toList();
  }

  /** What the supervisor was told of a kind since the last time; other kinds are dropped. */
  <T> List<T> told(Class<T> kind) {
    return supervisor.getAllReceived().stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  /** The first that the supervisor is told of a kind, when it comes. */
  <T> T tells(Class<T> kind) {
    List<T> found = new ArrayList<>();
    await(() -> found.addAll(told(kind)) && !found.isEmpty(), kind.getSimpleName());
    return found.get(0);
  }

  /** Step, assignment and shards of the scores sent since the last time. */
  List<String> scored() {
    settled();
    List<String> all =
        scored.stream()
            .map(
                s ->
                    "step %d under %d: %s"
                        .formatted(
                            s.step(),
                            s.assignment(),
                            s.scores().stream().map(score -> score.shard()).toList()))
            .toList();
    scored.clear();
    return all;
  }

  /** Gradients that came since the last time, released. */
  List<String> gradients() {
    settled();
    List<String> all = new ArrayList<>();
    for (Pushed next = pushed.poll(); next != null; next = pushed.poll()) {
      all.add(next.toString());
      next.release().run();
    }
    return all;
  }

  /** What the worker says of a step. */
  boolean hasPushed(long step) {
    worker.tell(new GpuWorker.Poll(step));
    awaitPosition(step);
    return position.pushed();
  }

  /** Everything sent so far is handled, and what that has led to. */
  void settled() {
    // Results that the device gives at once are behind the first mark, what they lead to behind the
    // next.
    for (int i = 0; i < HOPS; i++) {
      long mark = --marks;
      worker.tell(new GpuWorker.Poll(mark));
      awaitPosition(mark);
    }
  }

  private void awaitPosition(long step) {
    position = null;
    await(
        () -> {
          for (ParameterServer.Command command : server.getAllReceived()) {
            if (command instanceof ParameterServer.Scored one) {
              scored.add(one);
            } else if (command instanceof ParameterServer.Position told && told.step() == step) {
              position = told;
            }
          }
          return position != null;
        },
        "an answer to a poll");
  }

  static void await(BooleanSupplier condition, String what) {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("there never was " + what);
      }
      LockSupport.parkNanos(50_000);
    }
  }

  /** It has ended. */
  void awaitEnd() {
    kit.createTestProbe().expectTerminated(worker, Duration.ofSeconds(20));
  }

  void timePasses(Duration time) {
    ManualTime.get(kit.system()).timePasses(time);
  }
}
