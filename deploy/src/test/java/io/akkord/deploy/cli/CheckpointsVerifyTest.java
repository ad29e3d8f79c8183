package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code akkord checkpoints verify}, and a resume that leaves out what is damaged. */
class CheckpointsVerifyTest {
  @TempDir static Path folder;
  @TempDir Path temp;

  private static Path trained;
  private Path run;

  @BeforeAll
  static void trainsASmallRun() throws IOException {
    trained = folder.resolve("run");
    Path data = folder.resolve("data.jsonl");
    try (Stream<String> rows = Files.lines(Cli.DATA)) {
      Files.write(data, rows.limit(16).toList());
    }
    Path recipe = folder.resolve("recipe.yaml");
    Files.writeString(
        recipe,
        """
        model_name_or_path: %s
        train_file: %s
        output_dir: %s
        global_batch_size: 4
        micro_batch_size: 4
        max_steps: 4
        max_length: 128
        too_long: truncate
        rewrite: off
        save_steps: 2
        """
            .formatted(Cli.MODEL, data, trained));
    Cli train = Cli.run("train", recipe, "--in-process");
    assertThat(train.exitCode()).as("%s%n%s", train.out(), train.err()).isZero();
  }

  @BeforeEach
  void copy() throws IOException {
    run = temp.resolve("run");
    try (Stream<Path> all = Files.walk(trained)) {
      for (Path from : all.sorted(Comparator.naturalOrder()).toList()) {
        Files.copy(from, run.resolve(trained.relativize(from).toString()));
      }
    }
  }

  private Path model(int step) {
    return run.resolve("checkpoint-" + step).resolve("model.safetensors");
  }

  @Test
  void soundCheckpointsAreCalledWholeAndTheNewestIsTheOneToResume() {
    Cli verify = Cli.run("checkpoints", "verify", run);

    assertThat(verify.exitCode()).isZero();
    List<String> lines = verify.out().lines().toList();
    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)).contains("checkpoint-4", "whole", "MB", "--resume");
    assertThat(lines.get(1)).contains("checkpoint-2", "whole").doesNotContain("--resume");
  }

  @Test
  void aFlippedBitIsFoundAndTheOneBeforeIsTaken() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(model(4).toFile(), "rw")) {
      file.seek(file.length() / 2);
      int old = file.read();
      file.seek(file.length() / 2);
      file.write(old ^ 4);
    }

    Cli verify = Cli.run("checkpoints", "verify", run, "--format", "json");

    assertThat(verify.exitCode()).isEqualTo(1);
    List<String> lines = verify.out().lines().toList();
    JsonNode newest = new ObjectMapper().readTree(lines.get(0));
    assertThat(newest.path("whole").asBoolean()).isFalse();
    assertThat(newest.path("fault").asText())
        .contains(model(4).toString(), "SHA-256 ", ", expected ");
    JsonNode before = new ObjectMapper().readTree(lines.get(1));
    assertThat(before.path("committed_steps").asInt()).isEqualTo(2);
    assertThat(before.path("resumed").asBoolean()).isTrue();
  }

  @Test
  void truncatedAndMissingFilesAreNamedWithTheirSizes() throws IOException {
    long size = Files.size(model(4));
    try (RandomAccessFile file = new RandomAccessFile(model(4).toFile(), "rw")) {
      file.setLength(size - 1);
    }
    Files.delete(run.resolve("checkpoint-2").resolve("ledger.bin"));

    Cli verify = Cli.run("checkpoints", "verify", run);

    assertThat(verify.exitCode()).isEqualTo(1);
    assertThat(verify.out())
        .contains("damaged  %s: %d bytes, expected %d".formatted(model(4), size - 1, size))
        .contains("ledger.bin: missing");
    assertThat(verify.err()).contains("no checkpoint of " + run + " is whole");
  }

  @Test
  void aRunWithoutCheckpointsSaysWhereAResumeWouldBegin() throws IOException {
    Cli verify = Cli.run("checkpoints", "verify", temp);

    assertThat(verify.exitCode()).isEqualTo(1);
    assertThat(verify.out()).isEmpty();
    assertThat(verify.err()).contains("has no checkpoint yet; --resume would begin at step 0");
  }
}
