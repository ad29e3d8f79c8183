package io.akkord.actors.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.LoggingTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.checkpoint.Checkpointer.Write;
import io.akkord.actors.checkpoint.Checkpointer.Written;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.ledger.LedgerFile;
import io.akkord.actors.run.RunFacts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots that come twice, late or from elsewhere; two slices of two floats each. */
class CheckpointerSnapshotsTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseResources("akkord-actors.conf").withFallback(ConfigFactory.load()));
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path folder;

  private final InJvmBulk bulk = new InJvmBulk();
  private final LaneInbox inbox = new LaneInbox(bulk);

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  private CompletableFuture<Void> send(BulkHeader header, int numbers, float first) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(numbers * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < numbers; i++) {
      bytes.putFloat(i * Float.BYTES, first + i);
    }
    return bulk.send(inbox.address(), header, bytes).toCompletableFuture();
  }

  private static BulkHeader header(long attempt, long version, Kind kind, Dtype dtype, int slice) {
    return new BulkHeader(RunFixture.RUN, attempt, version, 0, kind, dtype, 0, 3, slice);
  }

  private CompletableFuture<Void> weights(long version, int slice, float first) {
    return send(header(1, version, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT32, slice), 2, first);
  }

  private void moments(long version) {
    for (Kind kind : List.of(Kind.SNAPSHOT_FIRST_MOMENT, Kind.SNAPSHOT_SECOND_MOMENT)) {
      send(header(1, version, kind, Dtype.FLOAT32, 0), 2, 0);
      send(header(1, version, kind, Dtype.FLOAT32, 1), 2, 0);
    }
  }

  @Test
  void onlyWhatBelongsToTheCheckpointIsWrittenAndAllOfItIsReleased() throws IOException {
    RunFacts facts = RunFixture.in(folder).facts();
    Path ledger = folder.resolve("ledger.tmp");
    LedgerFile.write(ledger, CheckpointFixture.ledger(2));
    ActorRef<Checkpointer.Command> checkpointer =
        KIT.spawn(
            Checkpointer.create(
                facts,
                inbox,
                to -> Files.writeString(to.resolve("config.json"), "{}"),
                FreeSpace.real(),
                () -> false));
    List<CompletableFuture<Void>> strange =
        List.of(
            send(header(2, 2, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT32, 0), 2, 90),
            send(header(1, 2, Kind.PARAMETERS, Dtype.FLOAT32, 0), 2, 90),
            send(header(1, 2, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT32, 7), 2, 90));
    assertThat(strange).allSatisfy(sent -> assertThat(sent).succeedsWithin(SOON));
    CompletableFuture<Void> type =
        LoggingTestKit.warn(
                "the checkpoint refused SNAPSHOT_WEIGHTS of step 2, slice 0: found 8 bytes of"
                    + " FLOAT64, expected 8 bytes of FLOAT32")
            .expect(
                KIT.system(),
                () -> send(header(1, 2, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT64, 0), 2, 90));
    CompletableFuture<Void> length =
        LoggingTestKit.warn("found 12 bytes of FLOAT32, expected 8 bytes of FLOAT32")
            .expect(
                KIT.system(),
                () -> send(header(1, 2, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT32, 0), 3, 90));
    assertThat(List.of(type, length)).allMatch(CompletableFuture::isDone);

    CompletableFuture<Void> first = weights(2, 0, 1);
    CompletableFuture<Void> otherCopy = weights(2, 0, 1);
    CompletableFuture<Void> second = weights(2, 1, 3);
    moments(2);
    TestProbe<Written> written = KIT.createTestProbe(Written.class);
    checkpointer.tell(
        new Write(
            2,
            CheckpointFixture.facts(2).build().toByteArray(),
            "{}",
            ledger.toString(),
            written.ref()));
    Written done = written.receiveMessage(SOON);
    assertThat(done.error()).isNull();
    assertThat(List.of(first, otherCopy, second)).allMatch(CompletableFuture::isDone);
    assertThat(weights(2, 0, 90)).as("late").succeedsWithin(SOON);

    ByteBuffer weights = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    CheckpointReader.open(Path.of(done.folder()))
        .weights(Checkpointer.tensors(facts), CheckpointContent.Dtype.F32)
        .read(0, weights);
    weights.flip();
    assertThat(List.of(weights.getFloat(), weights.getFloat(), weights.getFloat()))
        .containsExactly(1f, 2f, 3f);
  }
}
