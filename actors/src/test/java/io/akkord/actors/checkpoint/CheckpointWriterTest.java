package io.akkord.actors.checkpoint;

import static io.akkord.actors.checkpoint.CheckpointFixture.CLOCK;
import static io.akkord.actors.checkpoint.CheckpointFixture.TENSORS;
import static io.akkord.actors.checkpoint.CheckpointFixture.buffer;
import static io.akkord.actors.checkpoint.CheckpointFixture.content;
import static io.akkord.actors.checkpoint.CheckpointFixture.facts;
import static io.akkord.actors.checkpoint.CheckpointFixture.ledger;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.util.JsonFormat;
import io.akkord.actors.checkpoint.CheckpointContent.Dtype;
import io.akkord.actors.checkpoint.CheckpointContent.PathWriter;
import io.akkord.actors.checkpoint.CheckpointContent.Tensor;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.model.UserError;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.CheckpointManifest.BestMetric;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CheckpointWriterTest {
  @TempDir Path output;

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void whatWasWrittenIsReadBackIntoAFlatBuffer(Dtype dtype) throws IOException {
    Path folder = writer(0).write(output, content(4, dtype));
    CheckpointReader reader = CheckpointReader.open(folder);
    assertReads(reader.weights(TENSORS, dtype), buffer(dtype, 1004), dtype);
    assertReads(reader.firstMoment(TENSORS, dtype), buffer(dtype, 2004), dtype);
    assertReads(reader.secondMoment(TENSORS, dtype), buffer(dtype, 3004), dtype);
    assertThat(reader.ledger()).isEqualTo(ledger(4));
    assertThat(reader.trainerState()).isEqualTo("{\"global_step\": 4}");
    assertThat(folder).isEqualTo(output.resolve("checkpoint-4"));
    assertThat(folder.resolve("config.json")).exists();
  }

  /** Elements 1 … 21: inside the norm, the gap, inside the embedding. */
  private static void assertReads(FlatSource found, FlatSource expected, Dtype dtype)
      throws IOException {
    ByteBuffer got = ByteBuffer.allocate(21 * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer want = ByteBuffer.allocate(21 * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    found.read(1, got);
    expected.read(1, want);
    for (int gap = 2 * dtype.bytes(); gap < 15 * dtype.bytes(); gap++) {
      want.put(gap, (byte) 0);
    }
    assertThat(got.flip()).isEqualTo(want.flip());
  }

  @Test
  void theManifestNamesEveryFileAndItsJsonSaysTheSame() throws IOException {
    Path folder = writer(0).write(output, content(4));
    CheckpointManifest manifest = Checkpoints.verify(folder);
    assertThat(manifest.getFilesList())
        .extracting(CheckpointManifest.File::getName)
        .containsExactly(
            "config.json",
            "ledger.bin",
            "model.safetensors",
            "optimizer.safetensors",
            "rewrites.jsonl",
            "trainer_state.json");
    assertThat(manifest.getCreatedAt()).isEqualTo("2026-11-23T12:00:00Z");
    assertThat(manifest.getFormat()).isEqualTo(1);
    CheckpointManifest.Builder json = CheckpointManifest.newBuilder();
    JsonFormat.parser().merge(Files.readString(folder.resolve("manifest.json")), json);
    assertThat(json.build()).isEqualTo(manifest);
  }

  @Test
  void theRewritesAreThereForPeople() throws IOException {
    Path folder = writer(0).write(output, content(4));
    assertThat(Files.readAllLines(folder.resolve("rewrites.jsonl")))
        .containsExactly(
            "{\"sample\":2,\"revision\":1,\"accepted\":true,\"reason\":\"\",\"cycle\":1,"
                + "\"committed_steps\":0,\"policy_version\":0,\"cost_before\":3.0,"
                + "\"cost_after\":1.5,\"text\":\"a \\\"b\\\"\\n\",\"completion_ids\":[7]}",
            "{\"sample\":3,\"revision\":0,\"accepted\":false,\"reason\":\"no EOS\",\"cycle\":1,"
                + "\"committed_steps\":0,\"policy_version\":0,\"cost_before\":0.0,"
                + "\"cost_after\":null,\"text\":\"\",\"completion_ids\":[]}");
  }

  @Test
  void onlyTheNewestStayAndTheBestWithThem() {
    CheckpointManifest.Builder best =
        facts(0).setBest(BestMetric.newBuilder().setName("eval_mean_p").setCommittedSteps(2));
    for (long steps = 1; steps <= 5; steps++) {
      writer(2).write(output, content(best.setCommittedSteps(steps).build(), Dtype.F32));
    }
    assertThat(Checkpoints.list(output))
        .extracting(Checkpoints.Checkpoint::committedSteps)
        .containsExactly(5L, 4L, 2L);
  }

  @Test
  void aCheckpointThatIsThereAlreadyIsKeptAsItIs() throws IOException {
    Path folder = writer(0).write(output, content(4));
    byte[] before = Files.readAllBytes(folder.resolve("manifest.pb"));
    writer(0).write(output, content(facts(4).setAttempt(2).build(), Dtype.F32));
    assertThat(Files.readAllBytes(folder.resolve("manifest.pb"))).isEqualTo(before);
  }

  @Test
  void aCheckpointOfAnotherRecipeIsNotOverwritten() {
    writer(0).write(output, content(4));
    CheckpointManifest other = facts(4).setRecipeFingerprint("recipe-b").build();
    assertThatThrownBy(() -> writer(0).write(output, content(other, Dtype.F32)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("checkpoint-4: a checkpoint of another recipe is in the way");
  }

  @Test
  void aFullDiskIsNamedWithWhatIsNeededAndFree() {
    CheckpointFs full =
        new StoppingFs(0, false) {
          @Override
          public void write(Path path, PathWriter writer) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    writer(0).write(output, content(4));
    assertThatThrownBy(() -> new CheckpointWriter(full, 1, CLOCK).write(output, content(6)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(output + ": checkpoint-6 cannot be written")
        .hasMessageContaining("No space left on device")
        .hasMessageMatching("(?s).*about 80 MB are needed, \\d+ MB are free.*");
    assertThat(Checkpoints.newestVerified(output, reason -> {})).isPresent();
  }

  @Test
  void roomForModelOptimizerAndLedgerIsAskedForBeforeAByteIsWritten() throws IOException {
    long tensors = 13 * 4;
    long needed = 3 * tensors + 3 * CheckpointFixture.LEDGER_BYTES + (64L << 20);
    StoppingFs fs = new StoppingFs(0, false);
    FreeSpace oneByteShort = new FreeSpace(folder -> needed - 1);
    assertThatThrownBy(
            () -> new CheckpointWriter(fs, 1, CLOCK, oneByteShort).write(output, content(4)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("checkpoint-4 cannot be written (too little room)")
        .hasMessageContaining("about 80 MB are needed, 79 MB are free");
    assertThat(fs.operations()).isZero();
    assertThat(output).isEmptyDirectory();
    FreeSpace enough = new FreeSpace(folder -> needed);
    assertThat(new CheckpointWriter(fs, 1, CLOCK, enough).write(output, content(4))).exists();
  }

  @Test
  void halfACheckpointGivesItsRoomBack() throws IOException {
    CheckpointFs full =
        new StoppingFs(0, false) {
          @Override
          public void force(Path path) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    assertThatThrownBy(() -> new CheckpointWriter(full, 1, CLOCK).write(output, content(6)))
        .isInstanceOf(UserError.class);
    assertThat(output).isEmptyDirectory();
  }

  @Test
  void aLedgerThatAKilledProcessHadSavedGoesAndOneThatIsStillWaitingStays() throws IOException {
    Path killed = Files.writeString(CheckpointWriter.waitingLedger(output, 3), "old");
    Path next = Files.writeString(CheckpointWriter.waitingLedger(output, 6), "next");
    writer(0).write(output, content(4));
    assertThat(killed).doesNotExist();
    assertThat(next).exists();
    Files.createDirectory(output.resolve(".checkpoint-tmp-6"));
    CheckpointWriter.clean(output);
    assertThat(output.toFile().list()).containsExactly("checkpoint-4");
  }

  @Test
  void whatALaterAttemptIsWritingStays() throws IOException {
    long attempt = content(4).facts().getAttempt();
    Path earlier = Files.createDirectory(output.resolve(".checkpoint-tmp-2-" + (attempt - 1)));
    Path later = Files.createDirectory(output.resolve(".checkpoint-tmp-2-" + (attempt + 1)));
    writer(0).write(output, content(4));
    assertThat(earlier).doesNotExist();
    assertThat(later).exists();
    CheckpointWriter.clean(output);
    assertThat(later).as("nobody writes before a run begins").doesNotExist();
  }

  @Test
  void anOutputFolderThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> writer(0).write(output.resolve("gone"), content(4)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(output.resolve("gone") + ": checkpoint-4 cannot be written");
  }

  @Test
  void anotherShapeOrTypeThanTheModelsIsRefusedByName() {
    Path folder = writer(0).write(output, content(4));
    CheckpointReader reader = CheckpointReader.open(folder);
    List<Tensor> other = List.of(new Tensor("model.norm.weight", new long[] {4}, 0));
    assertThatThrownBy(() -> reader.firstMoment(other, Dtype.F32))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("exp_avg.model.norm.weight: found [3], expected [4]");
    assertThatThrownBy(() -> reader.weights(TENSORS, Dtype.F64))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("are F32, this run keeps F64");
  }

  private static CheckpointWriter writer(int limit) {
    return new CheckpointWriter(limit, CLOCK);
  }
}
