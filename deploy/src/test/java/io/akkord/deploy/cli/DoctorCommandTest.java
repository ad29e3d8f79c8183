package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
  @TempDir Path folder;

  @Test
  void aSoundMachineIsToldPartByPartAndNothingIsLeftBehind() throws IOException {
    Cli doctor = Cli.run("doctor", "--dir", folder);

    assertThat(doctor.exitCode()).as(doctor.out()).isZero();
    everyLineHasAVerdict(doctor);
    assertThat(doctor.out())
        .contains("Java " + Runtime.version())
        .containsPattern("ok    engine: self-test passed in [0-9.]+ s, libtorch [0-9.]+")
        .containsPattern("journal: written and forced to disk in [0-9.]+ ms");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void aFolderThatCannotHoldAJournalFails() {
    Cli doctor = Cli.run("doctor", "--dir", folder.resolve("missing"));

    assertThat(doctor.exitCode()).isEqualTo(1);
    everyLineHasAVerdict(doctor);
    assertThat(doctor.out()).contains("FAIL  journal: ", "FAIL  disk: ");
  }

  @Test
  void aSoundRecipeSaysWhatWouldHappenAndWritesNothing() throws IOException {
    Cli doctor = Cli.run("doctor", "recipe", recipe(), "--set", "num_train_epochs=2");

    assertThat(doctor.exitCode()).as(doctor.out()).isZero();
    everyLineHasAVerdict(doctor);
    assertThat(doctor.out())
        .contains("260,032 parameters, all tensors present")
        .contains("ok    objective: CADFT")
        .contains("2 epochs = ")
        .contains("num_train_epochs: 2  (--set)");
    assertThat(folder.resolve("run")).doesNotExist();
  }

  @Test
  void aRecipeThatTrainWouldRefuseIsAUsageError() throws IOException {
    Cli misspelt = Cli.run("doctor", "recipe", recipe(), "--set", "lerning_rate=1");
    assertThat(misspelt.exitCode()).isEqualTo(2);
    assertThat(misspelt.out()).contains("did you mean `learning_rate`?");
    everyLineHasAVerdict(misspelt);

    Path full = Files.createDirectory(folder.resolve("full"));
    Files.writeString(full.resolve("thesis.txt"), "mine");
    Cli occupied = Cli.run("doctor", "recipe", recipe(), "--set", "output_dir=" + full);
    assertThat(occupied.exitCode()).isEqualTo(2);
    assertThat(occupied.out()).contains("FAIL  output_dir " + full + " is not empty");
  }

  @Test
  void aModelWhoseWeightsAreCutOffFailsTheRecipe() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(Cli.MODEL)) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    Path weights = model.resolve("model.safetensors");
    byte[] half = java.util.Arrays.copyOf(Files.readAllBytes(weights), 500_000);
    Files.write(weights, half);

    Cli doctor = Cli.run("doctor", "recipe", recipe(), "--set", "model_name_or_path=" + model);

    assertThat(doctor.exitCode()).isEqualTo(2);
    assertThat(doctor.out()).containsPattern("FAIL  .*model.safetensors");
  }

  @Test
  void everyBadRowIsNamedWithItsLine() throws IOException {
    Path data = folder.resolve("data.jsonl");
    String good = "{\"prompt\": \"Once\", \"completion\": \" upon a time\"}";
    Files.write(
        data,
        List.of(
            good,
            "{\"prompt\": \"x\", \"completion\": \"\"}",
            "not JSON",
            "{\"prompt_ids\": [999], \"completion_ids\": [1]}",
            "",
            good,
            "{\"id\": \"line-1\", \"text\": \"The end\"}"));

    Cli doctor = Cli.run("doctor", "data", data, "--model", Cli.MODEL);

    assertThat(doctor.exitCode()).isEqualTo(1);
    everyLineHasAVerdict(doctor);
    assertThat(doctor.out())
        .contains("2 good rows")
        .contains("FAIL  " + data + ", line 2: the completion is empty")
        .contains("FAIL  " + data + ", line 3: not valid JSON")
        .containsPattern("FAIL  .*, line 4 .*prompt_ids\\[0] is 999")
        .contains("FAIL  " + data + ", line 7: id 'line-1' stands already in line 1")
        .contains("rows that repeat an earlier one: 1 (line 6 = line 1)");
  }

  @Test
  void soundDataIsCountedMeasuredAndShownWithItsMask() {
    Cli doctor = Cli.run("doctor", "data", Cli.DATA, "--model", Cli.MODEL);

    assertThat(doctor.exitCode()).as(doctor.out()).isZero();
    everyLineHasAVerdict(doctor);
    assertThat(doctor.out())
        .contains("1000 good rows: 1000 of prompt and completion")
        .contains("origins: foreign 100, story 900")
        .containsPattern("tokens of a sample: shortest \\d+, median \\d+, .* longest \\d+")
        .contains(
            "[masked: <s> Once upon a time, there was a fat pet. His name was Mark.] Every day");
  }

  @Test
  void samplesBeyondTheLimitAreCounted() throws IOException {
    Path data = folder.resolve("ids.jsonl");
    Files.write(
        data,
        List.of(
            "{\"prompt_ids\": [1], \"completion_ids\": [5, 6, 2]}",
            "{\"prompt_ids\": [1, 7], \"completion_ids\": [5, 6, 2]}",
            "{\"prompt_ids\": [1, 3, 4, 5], \"completion_ids\": [2]}"));

    Cli doctor = Cli.run("doctor", "data", data, "--model", Cli.MODEL, "--max-length", 4);

    assertThat(doctor.exitCode()).isZero();
    assertThat(doctor.out())
        .contains(
            "warn  2 of 3 samples are longer than max_length 4, 1 of them by their prompt alone")
        .contains("tokens of a sample: shortest 4, median 5, 90 % 5, 99 % 5, longest 5")
        .contains("7 in all");
  }

  @Test
  void aFileWithEndlessBadRowsIsGivenUpOn() throws IOException {
    Path data = folder.resolve("data.csv");
    Files.write(data, java.util.Collections.nCopies(100, "id;prompt;completion"));

    Cli doctor = Cli.run("doctor", "data", data, "--model", Cli.MODEL);

    assertThat(doctor.exitCode()).isEqualTo(1);
    assertThat(doctor.out()).contains("looked no further after " + BadRows.MOST + " bad rows");
    assertThat(doctor.out()).contains(", line 1: ", ", line 20: ").doesNotContain(", line 21: ");
  }

  @Test
  void noDoctorLoadsAnActorSystem() throws Exception {
    for (LoadedClasses loaded :
        List.of(
            LoadedClasses.of("doctor", "--dir", folder),
            LoadedClasses.of("doctor", "recipe", recipe()))) {
      assertThat(loaded.exitCode()).isZero();
      assertThat(loaded.names()).contains("io.akkord.deploy.cli.Findings");
      assertThat(loaded.names()).noneMatch(name -> name.startsWith("akka."));
    }
  }

  private static void everyLineHasAVerdict(Cli doctor) {
    assertThat(doctor.err()).isEmpty();
    assertThat(doctor.out().lines())
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).matches("(ok  |warn|FAIL)  .*"));
  }

  private Path recipe() throws IOException {
    Path yaml = folder.resolve("recipe.yaml");
    Files.writeString(
        yaml,
        """
        model_name_or_path: %s
        train_file: %s
        output_dir: %s
        max_length: 512
        too_long: drop
        """
            .formatted(Cli.MODEL, Cli.DATA, folder.resolve("run")));
    return yaml;
  }
}
