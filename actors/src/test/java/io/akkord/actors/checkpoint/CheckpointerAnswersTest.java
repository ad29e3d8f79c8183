package io.akkord.actors.checkpoint;

import static io.akkord.actors.checkpoint.CheckpointFixture.CLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.ledger.LedgerFile;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.layout.ParameterLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Slices in, one checkpoint out, and an answer whatever happens. */
class CheckpointerAnswersTest {
  private static final ActorTestKit KIT = ActorTestKit.create();

  private static final long COPY_NANOS = 250_000_000;

  @TempDir Path folder;
  private final InJvmBulk bulk = new InJvmBulk();
  private final TestProbe<Checkpointer.Written> probe = KIT.createTestProbe();
  private RunFacts facts;
  private LaneInbox inbox;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void describeTheRun() {
    facts = RunFixture.in(folder).facts();
  }

  private ActorRef<Checkpointer.Command> checkpointer(FreeSpace space) {
    inbox = new LaneInbox(bulk);
    CheckpointWriter writer = new CheckpointWriter(0, CLOCK, space);
    return KIT.spawn(Checkpointer.create(facts, inbox, f -> {}, writer, () -> false));
  }

  private Path outputDir() {
    return facts.plan().recipe().outputDir();
  }

  private void send(long version, int slice, Kind kind) {
    var cut = facts.slices().get(slice);
    ByteBuffer bytes = ByteBuffer.allocate((int) cut.elements() * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (long e = cut.from(); e < cut.to(); e++) {
      bytes.putFloat(value(kind, e));
    }
    bulk.send(
        inbox.address(),
        new BulkHeader(
            facts.runId(), 1, version, COPY_NANOS * (slice + 1), kind, Dtype.FLOAT32, 0, 3, slice),
        bytes.flip());
  }

  private static float value(Kind kind, long element) {
    return kind.ordinal() * 100 + element;
  }

  private void sendAll(long version) {
    for (int slice = facts.slices().size() - 1; slice >= 0; slice--) {
      for (Kind kind :
          List.of(Kind.SNAPSHOT_SECOND_MOMENT, Kind.SNAPSHOT_WEIGHTS, Kind.SNAPSHOT_FIRST_MOMENT)) {
        send(version, slice, kind);
      }
    }
  }

  private Checkpointer.Write write(long steps, Path ledger) {
    byte[] manifest = CheckpointFixture.facts(steps).build().toByteArray();
    return new Checkpointer.Write(steps, manifest, "{}", ledger.toString(), probe.getRef());
  }

  private Path ledger(long steps) throws IOException {
    Path file = CheckpointWriter.waitingLedger(outputDir(), steps);
    LedgerFile.write(file, CheckpointFixture.ledger(steps));
    return file;
  }

  private Checkpointer.Written answer() {
    return probe.receiveMessage(Duration.ofSeconds(30));
  }

  @Test
  void slicesInAnyOrderBecomeACheckpointAndItsLedgerIsUsedUp() throws IOException {
    ActorRef<Checkpointer.Command> actor = checkpointer(FreeSpace.real());
    Path ledger = ledger(2);
    actor.tell(write(2, ledger));
    sendAll(2);
    Checkpointer.Written written = answer();
    assertThat(written.error()).isNull();
    assertThat(written.copySeconds()).as("of the slowest of two slices").isEqualTo(0.5);
    assertThat(ledger).doesNotExist();
    Path checkpoint = Path.of(written.folder());
    Checkpoints.verify(checkpoint);
    CheckpointReader reader = CheckpointReader.open(checkpoint);
    var tensors = Checkpointer.tensors(facts);
    check(reader.weights(tensors, CheckpointContent.Dtype.F32), Kind.SNAPSHOT_WEIGHTS);
    check(reader.firstMoment(tensors, CheckpointContent.Dtype.F32), Kind.SNAPSHOT_FIRST_MOMENT);
    check(reader.secondMoment(tensors, CheckpointContent.Dtype.F32), Kind.SNAPSHOT_SECOND_MOMENT);
  }

  private void check(FlatSource found, Kind kind) throws IOException {
    long elements = facts.slices().stream().mapToLong(ParameterLayout.Slice::elements).sum();
    ByteBuffer bytes = ByteBuffer.allocate((int) elements * 4).order(ByteOrder.LITTLE_ENDIAN);
    found.read(0, bytes);
    bytes.flip();
    for (long e = 0; e < elements; e++) {
      assertThat(bytes.getFloat()).as("element %d", e).isEqualTo(value(kind, e));
    }
  }

  @Test
  void aLedgerFileThatCannotBeRemovedDoesNotKeepTheAnswerBack() throws IOException {
    ActorRef<Checkpointer.Command> first = checkpointer(FreeSpace.real());
    first.tell(write(2, ledger(2)));
    sendAll(2);
    assertThat(answer().error()).isNull();
    ActorRef<Checkpointer.Command> second = checkpointer(FreeSpace.real());
    Path full = Files.createDirectories(outputDir().resolve("ledger/full")).getParent();
    second.tell(write(2, full));
    sendAll(2);
    assertThat(answer().error()).as("the checkpoint is there").isNull();
    second.tell(write(4, ledger(4)));
    sendAll(4);
    assertThat(answer().committedSteps()).as("and the actor lives").isEqualTo(4);
  }

  @Test
  void aFullDiskIsAnsweredWithNumbersAndTheNextOneIsTried() throws IOException {
    long[] free = {1L << 20};
    ActorRef<Checkpointer.Command> actor = checkpointer(new FreeSpace(where -> free[0]));
    actor.tell(write(2, ledger(2)));
    sendAll(2);
    assertThat(answer().error())
        .contains("checkpoint-2 cannot be written (too little room)")
        .contains("MB are needed, 1 MB are free");
    free[0] = 1L << 30;
    actor.tell(write(4, ledger(4)));
    sendAll(4);
    assertThat(answer().error()).isNull();
    assertThat(Checkpoints.newestVerified(outputDir(), reason -> {}))
        .map(Checkpoints.Checkpoint::committedSteps)
        .contains(4L);
  }
}
