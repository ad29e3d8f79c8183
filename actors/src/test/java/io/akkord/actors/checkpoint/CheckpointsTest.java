package io.akkord.actors.checkpoint;

import static io.akkord.actors.checkpoint.CheckpointFixture.CLOCK;
import static io.akkord.actors.checkpoint.CheckpointFixture.content;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
  @TempDir Path output;
  private Path newest;

  @BeforeEach
  void writeTwo() {
    CheckpointWriter writer = new CheckpointWriter(0, CLOCK);
    writer.write(output, content(9));
    newest = writer.write(output, content(10));
  }

  @Test
  void oneChangedBitIsFoundAndNamedWithBothHashes() throws IOException {
    Path file = newest.resolve("model.safetensors");
    String expected = Manifests.sha256(file);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    assertThatThrownBy(() -> Checkpoints.verify(newest))
        .isInstanceOf(UserError.class)
        .hasMessage(
            file
                + ": SHA-256 "
                + Manifests.sha256(file)
                + ", expected "
                + expected
                + ". Resume from another checkpoint.");
    assertThat(Checkpoints.newestComplete(output)).as("sizes are right").isPresent();
    List<String> reasons = new ArrayList<>();
    assertThat(Checkpoints.newestVerified(output, reasons::add))
        .contains(new Checkpoint(output.resolve("checkpoint-9"), 9));
    assertThat(reasons).singleElement().asString().startsWith(newest + " is passed over: " + file);
  }

  @Test
  void aMissingOrShortFileMakesACheckpointIncomplete() throws IOException {
    Files.writeString(newest.resolve("trainer_state.json"), "{");
    assertThat(Checkpoints.newestComplete(output))
        .contains(new Checkpoint(output.resolve("checkpoint-9"), 9));
    Files.delete(output.resolve("checkpoint-9/ledger.bin"));
    assertThat(Checkpoints.newestComplete(output)).isEmpty();
  }

  @Test
  void anyChangedOrMissingByteOfTheManifestIsFound() throws IOException {
    Path file = newest.resolve("manifest.pb");
    byte[] whole = Files.readAllBytes(file);
    for (int at = 0; at < whole.length; at++) {
      byte[] changed = whole.clone();
      changed[at] ^= 4;
      Files.write(file, changed);
      assertThat(Checkpoints.incomplete(newest)).as("byte %d", at).isPresent();
      Files.write(file, Arrays.copyOf(whole, at));
      assertThat(Checkpoints.incomplete(newest)).as("first %d bytes", at).isPresent();
    }
    Files.write(file, whole);
    assertThat(Checkpoints.incomplete(newest)).isEmpty();
  }

  @Test
  void otherFoldersAreNoCheckpoints() throws IOException {
    Files.createDirectory(output.resolve("checkpoint-best"));
    Files.createDirectory(output.resolve(".checkpoint-tmp-11"));
    assertThat(Checkpoints.list(output))
        .extracting(Checkpoint::committedSteps)
        .containsExactly(10L, 9L);
    assertThat(Checkpoints.list(output.resolve("gone"))).isEmpty();
    assertThatThrownBy(() -> Checkpoints.manifest(output))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("not a checkpoint");
  }

  @Test
  void rotationKeepsTheLimitTheBestAndTheOneJustVerified() {
    List<Checkpoint> all = checkpoints(50, 40, 30, 20, 10);
    assertThat(Rotation.surplus(all, 50, OptionalLong.empty(), 2))
        .isEqualTo(checkpoints(10, 20, 30));
    assertThat(Rotation.surplus(all, 50, OptionalLong.of(20), 2)).isEqualTo(checkpoints(10, 30));
    assertThat(Rotation.surplus(all, 30, OptionalLong.empty(), 1))
        .isEqualTo(checkpoints(10, 20, 40));
    assertThat(Rotation.surplus(all, 50, OptionalLong.empty(), 0)).isEmpty();
  }

  private List<Checkpoint> checkpoints(long... steps) {
    return Arrays.stream(steps)
        .mapToObj(s -> new Checkpoint(Checkpoints.folder(output, s), s))
        .toList();
  }
}
