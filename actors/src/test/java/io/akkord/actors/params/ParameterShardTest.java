package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.PoisonPill;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Adapter;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.params.KeptSlices.Kept;
import io.akkord.actors.params.ParameterShard.Apply;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.engine.DeviceThread;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A slice of two parameters on a real device thread; the server is a probe. */
class ParameterShardTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseString("akka.actor.testkit.typed.single-expect-default = 30s")
              .withFallback(ConfigFactory.load()));
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration QUIET = Duration.ofMillis(200);

  @TempDir static Path folder;

  private final InJvmBulk bulk = new InJvmBulk();
  private final KeptSlices kept = new KeptSlices();
  private final BlockingQueue<String> published = new LinkedBlockingQueue<>();
  private DeviceThread device;
  private TestProbe<ParameterServer.Command> server;
  private LaneAddress worker;

  private record Copy(ActorRef<ParameterShard.Command> ref, LaneAddress lane) {}

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void begin() {
    device = DeviceThread.start("test", 1);
    server = KIT.createTestProbe(ParameterServer.Command.class);
    worker =
        bulk.open(
            (header, bytes, release) -> {
              published.add("%d: %s".formatted(header.step(), text(bytes)));
              release.run();
            });
  }

  @AfterEach
  void end() {
    kept.close();
    device.close();
  }

  @Test
  void aCommittedStepIsPublishedOnceHoweverOftenItIsTold() {
    Copy copy = filled(1);
    assertThat(next()).isEqualTo("0: 1.0 2.0");
    sum(copy, 1, 0, 1);
    copy.ref().tell(apply(1, 0, 1));
    copy.ref().tell(apply(1, 0, 1));
    assertThat(next()).startsWith("1: ");
    KIT.stop(copy.ref());
    assertThat(left(2)).singleElement().satisfies(k -> assertThat(k.slice().version()).isOne());
    assertThat(published).isEmpty();
  }

  @Test
  void decisionsOfOtherAttemptsAndStepsChangeNothing() throws Exception {
    Copy copy = filled(1);
    next();
    sum(copy, 1, 0, 1);
    copy.ref().tell(apply(2, 0, 1));
    copy.ref().tell(apply(1, 1, 1));
    assertThat(published.poll(QUIET.toMillis(), TimeUnit.MILLISECONDS)).isNull();
    copy.ref().tell(apply(1, 0, 1));
    assertThat(next()).startsWith("1: ");
  }

  @Test
  void gradientsOfOtherRunsAttemptsAndAssignmentsAreReleasedAndDoNotCount() {
    Copy copy = filled(1);
    copy.ref().tell(new ParameterShard.Expect(1, 0, new long[] {2, 2, 2, 2}));
    assertThat(send(copy, "other", 1, 0, 2, 0, 4)).succeedsWithin(SOON);
    assertThat(send(copy, RunFixture.RUN, 2, 0, 2, 0, 4)).succeedsWithin(SOON);
    assertThat(send(copy, RunFixture.RUN, 1, 0, 1, 0, 4)).succeedsWithin(SOON);
    server.expectNoMessage(QUIET);
    send(copy, RunFixture.RUN, 1, 0, 2, 0, 4);
    assertThat(server.expectMessageClass(ParameterServer.SliceSummed.class).assignment())
        .isEqualTo(2);
  }

  @Test
  void aGradientThatComesBeforeItsStepIsAnnouncedWaits() {
    Copy copy = filled(1);
    next();
    CompletableFuture<Void> early = send(copy, RunFixture.RUN, 1, 1, 1, 0, 4);
    sum(copy, 1, 0, 1);
    copy.ref().tell(apply(1, 0, 1));
    next();
    assertThat(early).isNotDone();
    copy.ref().tell(new ParameterShard.Expect(1, 1, new long[] {1, 1, 1, 1}));
    assertThat(server.expectMessageClass(ParameterServer.SliceSummed.class).step()).isEqualTo(1);
  }

  @Test
  void whatACopyLeavesIsTakenOverAsItWas() {
    Copy copy = filled(1);
    next();
    sum(copy, 1, 0, 1);
    copy.ref().tell(apply(1, 0, 1));
    String weights = next();
    KIT.stop(copy.ref());
    Kept left = left(2).get(0);
    assertThat(left.attempt()).isEqualTo(1);
    assertThat(left.slice().version()).isEqualTo(1);
    assertThat(left.slice().summedUnder()).isEqualTo(-1);
    assertThat(left.slice().decided()).extracting(Apply::step).containsExactly(0L);

    Copy next = adopted(2, 1, null);
    assertThat(next()).isEqualTo(weights);
    sum(next, 2, 1, 1);
    next.ref().tell(apply(1, 1, 1));
    assertThat(published).as("the old server decides nothing").isEmpty();
    next.ref().tell(apply(2, 1, 1));
    assertThat(next()).startsWith("2: ");
  }

  @Test
  void aCopyThatHasSummedFinishesTheStepOfTheOthersWithTheSameBits() {
    Copy ahead = filled(1);
    next();
    sum(ahead, 1, 0, 1);
    ahead.ref().tell(apply(1, 0, 1));
    String expected = next();
    KIT.stop(ahead.ref());
    assertThat(left(2)).hasSize(1);
    kept.release(RunFixture.RUN, 1);

    Copy behind = filled(1);
    next();
    ByteBuffer gradient = gradient();
    behind.ref().tell(new ParameterShard.Expect(1, 0, new long[] {1, 1, 1, 1}));
    CompletableFuture<Void> sent = send(behind, RunFixture.RUN, 1, 0, 1, 0, 4, gradient);
    server.expectMessageClass(ParameterServer.SliceSummed.class);
    KIT.stop(behind.ref());
    Kept left = left(2).get(0);
    assertThat(left.slice().version()).isZero();
    assertThat(left.slice().summedUnder()).isEqualTo(1);
    assertThat(sent).succeedsWithin(SOON);
    gradient.putFloat(0, 1e9f).putFloat(4, -1e9f);

    adopted(2, 0, apply(1, 0, 1));
    assertThat(next()).isEqualTo(expected);
  }

  @Test
  void aDecisionThatWaitedForAReaderIsLeftAsOneNotCarriedOut() {
    BlockingQueue<Runnable> readers = new LinkedBlockingQueue<>();
    worker = bulk.open((header, bytes, release) -> readers.add(release));
    Copy copy = filled(1);
    await().until(() -> readers.size() == 1);
    sum(copy, 1, 0, 1);
    copy.ref().tell(apply(1, 0, 1));
    // Behind the decision, which a stop by its parent would overtake.
    Adapter.toClassic(copy.ref()).tell(PoisonPill.getInstance(), akka.actor.ActorRef.noSender());
    KIT.createTestProbe().expectTerminated(copy.ref(), SOON);
    assertThat(kept.before(RunFixture.RUN, 2).toCompletableFuture()).isNotDone();
    readers.forEach(Runnable::run);
    HeldSlice left = left(2).get(0).slice();
    assertThat(left.version()).isZero();
    assertThat(left.summedUnder()).isEqualTo(1);
    assertThat(left.decided()).extracting(Apply::step).containsExactly(0L);
  }

  @Test
  void aSliceIsTakenOnceAndOnlyAtItsVersion() {
    stopWhenFilled();
    assertThat(left(2)).hasSize(1);
    assertThat(kept.take(RunFixture.RUN, 2, 0, 1)).isEmpty();
    assertThat(kept.take(RunFixture.RUN, 1, 0, 0)).as("of its own attempt").isEmpty();
    assertThat(kept.take(RunFixture.RUN, 2, 1, 0)).isEmpty();
    Optional<HeldSlice> taken = kept.take(RunFixture.RUN, 2, 0, 0);
    assertThat(taken).isPresent();
    assertThat(kept.take(RunFixture.RUN, 2, 0, 0)).isEmpty();
    device.submit(
        () -> {
          taken.get().close();
          return null;
        });
  }

  @Test
  void whatNobodyWantsIsNotKept() {
    Copy over = filled(1);
    next();
    kept.release(RunFixture.RUN, 1);
    KIT.stop(over.ref());
    assertThat(left(2)).isEmpty();
  }

  @Test
  void anotherRunEndsTheWait() {
    stopWhenFilled();
    assertThat(left(2)).hasSize(1);
    kept.releaseOthers(RunFixture.RUN);
    assertThat(left(2)).hasSize(1);
    kept.releaseOthers("another");
    assertThat(left(2)).isEmpty();
  }

  @Test
  void nothingIsKeptForLongerThanStated() {
    Copy copy = copy(1, Duration.ofMillis(100), null, null);
    fill(copy);
    next();
    KIT.stop(copy.ref());
    await().until(() -> left(2).isEmpty());
  }

  @Test
  void aCopyThatEndsBeforeItIsFilledLeavesNothing() {
    KIT.stop(copy(1, LONG, null, null).ref());
    assertThat(left(2)).isEmpty();
  }

  private void stopWhenFilled() {
    Copy copy = filled(1);
    next();
    KIT.stop(copy.ref());
  }

  private List<Kept> left(long attempt) {
    return kept.before(RunFixture.RUN, attempt)
        .toCompletableFuture()
        .orTimeout(30, TimeUnit.SECONDS)
        .join();
  }

  private Copy filled(long attempt) {
    Copy copy = copy(attempt, LONG, null, null);
    fill(copy);
    return copy;
  }

  private Copy adopted(long attempt, long version, Apply finish) {
    HeldSlice held = kept.take(RunFixture.RUN, attempt, 0, version).orElseThrow();
    return copy(attempt, LONG, held, finish);
  }

  private Copy copy(long attempt, Duration keepFor, HeldSlice adopted, Apply finish) {
    RunFacts facts = RunFixture.in(folder).facts(attempt);
    LaneInbox inbox = new LaneInbox(bulk);
    ActorRef<ParameterShard.Command> ref =
        KIT.spawn(
            ParameterShard.create(
                new ParameterShard.Setup(
                    facts,
                    facts.slices().get(0),
                    "a",
                    new EngineSlices(device),
                    bulk,
                    inbox,
                    new LaneAddress("nowhere", 1),
                    server.ref(),
                    kept.lease(RunFixture.RUN, attempt, 0, keepFor),
                    adopted,
                    finish)));
    ref.tell(ParameterShard.Publish.INSTANCE);
    ref.tell(new ParameterShard.Admit("w", worker));
    return new Copy(ref, inbox.address());
  }

  private void fill(Copy copy) {
    BulkHeader header =
        new BulkHeader(RunFixture.RUN, 1, 0, 0, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT32, 0, 1, 0);
    bulk.send(copy.lane(), header, floats(1, 2));
  }

  private void sum(Copy copy, long attempt, long step, long assignment) {
    long[] all = {assignment, assignment, assignment, assignment};
    copy.ref().tell(new ParameterShard.Expect(attempt, step, all));
    send(copy, RunFixture.RUN, attempt, step, assignment, 0, 4);
    ParameterServer.SliceSummed summed =
        server.expectMessageClass(ParameterServer.SliceSummed.class);
    assertThat(summed.step()).isEqualTo(step);
    assertThat(summed.squares()).containsExactly(0.25 + 0.0625);
  }

  private CompletableFuture<Void> send(
      Copy copy, String run, long attempt, long step, long assignment, int lo, int hi) {
    return send(copy, run, attempt, step, assignment, lo, hi, gradient());
  }

  private CompletableFuture<Void> send(
      Copy copy,
      String run,
      long attempt,
      long step,
      long assignment,
      int lo,
      int hi,
      ByteBuffer bytes) {
    BulkHeader header =
        new BulkHeader(run, attempt, step, assignment, Kind.GRADIENT, Dtype.FLOAT32, lo, hi, 0);
    return bulk.send(copy.lane(), header, bytes).toCompletableFuture();
  }

  private static ByteBuffer gradient() {
    return floats(0.5f, -0.25f);
  }

  private static ByteBuffer floats(float first, float second) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(8).order(ByteOrder.LITTLE_ENDIAN);
    return bytes.putFloat(0, first).putFloat(4, second);
  }

  private static Apply apply(long attempt, long step, long assignment) {
    CommitRecord record =
        new CommitRecord(step, new int[0], new float[0], 0, 1, false, null, null, null);
    return new Apply(attempt, step, assignment, 1, 0.1, step + 1, false, false, record);
  }

  private static String text(ByteBuffer bytes) {
    return bytes.getFloat(0) + " " + bytes.getFloat(4);
  }

  private String next() {
    try {
      return published.poll(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
