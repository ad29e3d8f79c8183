package io.akkord.actors.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.ledger.LedgerFile;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the checkpointer writes, and what it says when it cannot. */
class CheckpointerTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseResources("akkord-actors.conf").withFallback(ConfigFactory.load()));
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(150);
  private static final List<Kind> STATE =
      List.of(Kind.SNAPSHOT_WEIGHTS, Kind.SNAPSHOT_FIRST_MOMENT, Kind.SNAPSHOT_SECOND_MOMENT);

  @TempDir Path folder;
  private final InJvmBulk bulk = new InJvmBulk();
  private final LaneInbox inbox = new LaneInbox(bulk);
  private final AtomicInteger begun = new AtomicInteger();
  private final CountDownLatch mayFinish = new CountDownLatch(1);
  private final TestProbe<Checkpointer.Written> written = KIT.createTestProbe();
  private final AtomicBoolean takenOver = new AtomicBoolean();
  private RunFacts facts;
  private ActorRef<Checkpointer.Command> checkpointer;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  /** Each checkpoint takes until the test lets it go. */
  private void start(String deadline) {
    RunFacts of =
        RunFixture.in(folder)
            .recipe("max_steps: 6\nsave_steps: 2\nrewrite: false\n")
            .settings("deadlines.checkpoint = " + deadline)
            .facts();
    facts = RunFacts.of("fixture", 1, of.plan(), of.settings(), of.layout(), 2);
    checkpointer =
        KIT.spawn(
            Checkpointer.create(
                facts,
                inbox,
                into -> {
                  begun.incrementAndGet();
                  await(mayFinish);
                },
                FreeSpace.real(),
                takenOver::get));
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(LONG.toSeconds(), TimeUnit.SECONDS)) {
        throw new IOException("nobody let this checkpoint go on");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private void write(long steps) throws IOException {
    Path ledger = folder.resolve("ledger-" + steps);
    LedgerFile.write(ledger, CheckpointFixture.ledger(steps));
    checkpointer.tell(
        new Checkpointer.Write(
            steps,
            CheckpointFixture.facts(steps).build().toByteArray(),
            "{}",
            ledger.toString(),
            written.ref()));
  }

  private CompletionStage<Void> send(long steps, int slice, Kind kind) {
    Slice of = facts.slices().get(slice);
    ByteBuffer bytes = ByteBuffer.allocateDirect((int) of.elements() * Float.BYTES);
    BulkHeader header =
        new BulkHeader(
            facts.runId(), facts.attempt(), steps, 0, kind, Dtype.FLOAT32, 0, STATE.size(), slice);
    return bulk.send(inbox.address(), header, bytes);
  }

  /** Completes when nobody needs the blocks any more. */
  private CompletableFuture<Void> sendAll(long steps) {
    return CompletableFuture.allOf(
        STATE.stream()
            .flatMap(kind -> facts.slices().stream().map(slice -> send(steps, slice.index(), kind)))
            .map(CompletionStage::toCompletableFuture)
            .toArray(CompletableFuture[]::new));
  }

  private List<String> files() throws IOException {
    try (var entries = Files.list(folder.resolve("run"))) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static void awaitBegun(AtomicInteger begun, int count) {
    org.awaitility.Awaitility.await().atMost(LONG).until(() -> begun.get() == count);
  }

  @Test
  void theSecondOfTwoIsWrittenAfterTheFirst() throws Exception {
    start("30s");
    write(2);
    write(4);
    sendAll(4);
    awaitBegun(begun, 1);
    sendAll(2);
    written.expectNoMessage(SHORT);
    assertThat(begun).as("one is in flight").hasValue(1);
    mayFinish.countDown();
    Checkpointer.Written first = written.receiveMessage(LONG);
    assertThat(first.error()).isNull();
    assertThat(first.committedSteps()).as("the one whose slices came first").isEqualTo(4);
    assertThat(folder.resolve("run/checkpoint-4")).isDirectory();
  }

  @Test
  void theNextOneBeginsWhenTheOneInFlightIsDone() throws Exception {
    start("30s");
    write(2);
    sendAll(2);
    awaitBegun(begun, 1);
    write(4);
    sendAll(4);
    written.expectNoMessage(SHORT);
    assertThat(begun).hasValue(1);
    mayFinish.countDown();
    assertThat(written.receiveMessage(LONG).committedSteps()).isEqualTo(2);
    Checkpointer.Written second = written.receiveMessage(LONG);
    assertThat(second.committedSteps()).isEqualTo(4);
    assertThat(second.error()).isNull();
    assertThat(begun).hasValue(2);
    assertThat(Files.exists(folder.resolve("ledger-2"))).as("moved into it").isFalse();
  }

  @Test
  void slicesThatDoNotComeAreNamedAndThoseThatCameTwiceAreReleased() throws Exception {
    start("400ms");
    STATE.forEach(kind -> send(2, 0, kind));
    send(2, 1, Kind.SNAPSHOT_WEIGHTS);
    CompletableFuture<Void> again = send(2, 0, Kind.SNAPSHOT_WEIGHTS).toCompletableFuture();
    write(2);
    Checkpointer.Written overdue = written.receiveMessage(LONG);
    assertThat(overdue.missing()).containsExactly(1);
    assertThat(overdue.error())
        .contains("the checkpoint after 2 steps is not written after PT0.4S: slices are missing")
        .contains("SNAPSHOT_WEIGHTS=[0, 1]", "SNAPSHOT_SECOND_MOMENT=[0]} of 2");
    again.get(LONG.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void aDiskThatIsNotDoneIsSaidToBe() throws Exception {
    start("400ms");
    write(2);
    sendAll(2);
    Checkpointer.Written overdue = written.receiveMessage(LONG);
    assertThat(overdue.error()).contains("the disk is not done");
    assertThat(overdue.missing()).isEmpty();
    mayFinish.countDown();
    assertThat(written.receiveMessage(LONG).error()).as("it is, at last").isNull();
  }

  @Test
  void anEarlierOneThatIsStillBeingWrittenIsSaidToBe() throws Exception {
    start("400ms");
    write(2);
    sendAll(2);
    awaitBegun(begun, 1);
    write(4);
    sendAll(4);
    written.receiveMessage(LONG);
    assertThat(written.receiveMessage(LONG).error())
        .contains("the checkpoint after 4 steps", "an earlier one is still being written");
    mayFinish.countDown();
  }

  @Test
  void whatIsBeingWrittenWhenTheAttemptEndsKeepsItsSlicesAndIsNotPublished() throws Exception {
    start("30s");
    List<String> before = files();
    write(2);
    CompletableFuture<Void> released = sendAll(2);
    awaitBegun(begun, 1);
    assertThat(files()).contains(".checkpoint-tmp-2-1");
    KIT.stop(checkpointer);
    assertThat(released).as("whoever sent them may use their memory again then").isNotDone();
    mayFinish.countDown();
    released.get(LONG.toSeconds(), TimeUnit.SECONDS);
    assertThat(files()).isEqualTo(before);
  }

  @Test
  void nothingIsWrittenToARunThatAnotherProcessHasTakenOver() throws Exception {
    start("30s");
    takenOver.set(true);
    write(2);
    CompletableFuture<Void> released = sendAll(2);
    assertThat(written.receiveMessage(LONG).error())
        .contains("checkpoint-2 is not written here: another process has taken the run over");
    assertThat(begun).hasValue(0);
    released.get(LONG.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void aRunThatIsTakenOverWhileItsCheckpointIsWrittenDoesNotGetIt() throws Exception {
    start("30s");
    List<String> before = files();
    write(2);
    sendAll(2);
    awaitBegun(begun, 1);
    takenOver.set(true);
    mayFinish.countDown();
    assertThat(written.receiveMessage(LONG).error()).contains("another process has taken");
    assertThat(files()).isEqualTo(before);
  }

  @Test
  void whatComesAfterACheckpointIsWrittenIsReleased() throws Exception {
    start("30s");
    mayFinish.countDown();
    write(2);
    sendAll(2);
    assertThat(written.receiveMessage(LONG).error()).isNull();
    CompletableFuture<Void> late = send(2, 0, Kind.SNAPSHOT_WEIGHTS).toCompletableFuture();
    late.get(LONG.toSeconds(), TimeUnit.SECONDS);
  }
}
