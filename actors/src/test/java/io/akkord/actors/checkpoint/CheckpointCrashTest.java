package io.akkord.actors.checkpoint;

import static io.akkord.actors.checkpoint.CheckpointFixture.CLOCK;
import static io.akkord.actors.checkpoint.CheckpointFixture.content;
import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Torn checkpoints and rotation that deletes the only good one: not here. */
class CheckpointCrashTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void wheneverTheMachineStopsAWholeCheckpointIsFound(boolean powerLoss) throws IOException {
    stopAfterEveryOperation(
        powerLoss,
        20,
        output -> {
          write(output, 2, 0);
          write(output, 4, 0);
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void replacingADamagedOneNeverCostsTheWholeOne(boolean powerLoss) throws IOException {
    stopAfterEveryOperation(
        powerLoss,
        20,
        output -> {
          write(output, 4, 0);
          write(output, 6, 0);
          Files.writeString(Checkpoints.folder(output, 6).resolve("model.safetensors"), "torn");
        });
  }

  private interface Before {
    void prepare(Path output) throws IOException;
  }

  /**
   * Writes checkpoint 6 on a machine that stops after operation 1, 2, 3 … until it gets through.
   */
  private void stopAfterEveryOperation(boolean powerLoss, int atLeast, Before before)
      throws IOException {
    for (int last = 1; ; last++) {
      Path output = Files.createDirectory(folder.resolve("run-" + last));
      before.prepare(output);
      StoppingFs fs = new StoppingFs(last, powerLoss);
      boolean finished = true;
      try {
        new CheckpointWriter(fs, 1, CLOCK).write(output, content(6));
      } catch (StoppingFs.Stopped e) {
        finished = false;
      }
      Checkpoint found = Checkpoints.newestVerified(output, reason -> {}).orElseThrow();
      assertThat(found.committedSteps()).as("after operation %d", last).isIn(4L, 6L);
      assertThat(Checkpoints.newestComplete(output)).contains(found);

      write(output, 6, 1);
      assertThat(Checkpoints.newestVerified(output, reason -> {}))
          .contains(new Checkpoint(Checkpoints.folder(output, 6), 6));
      assertThat(names(output)).as("nothing else stays").containsExactly("checkpoint-6");
      if (finished) {
        assertThat(fs.operations()).isGreaterThan(atLeast);
        return;
      }
    }
  }

  private static void write(Path output, long steps, int limit) {
    new CheckpointWriter(limit, CLOCK).write(output, content(steps));
  }

  private static List<String> names(Path output) throws IOException {
    try (Stream<Path> entries = Files.list(output)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }
}
