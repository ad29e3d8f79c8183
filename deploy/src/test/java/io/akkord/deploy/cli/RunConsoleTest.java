package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run says and keeps while its page listens beyond this machine and something is amiss. */
class RunConsoleTest {
  @TempDir static Path folder;

  private static Path run;
  private static Cli train;

  /** One token is too short for any answer, so that no cycle takes a rewrite. */
  @BeforeAll
  static void trains() throws IOException {
    run = folder.resolve("run");
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
        global_batch_size: 8
        micro_batch_size: 4
        max_steps: 8
        max_length: 128
        too_long: truncate
        rewrite: {warmup: 3, every: 3, fraction: 0.5, probability: 1.0, min_visits: 1, max_new_tokens: 1}
        """
            .formatted(Cli.MODEL, data, run));
    train =
        Cli.run(
            "train",
            recipe,
            "--in-process",
            "--workers",
            1,
            "--dashboard-port",
            0,
            "--dashboard-host",
            "0.0.0.0");
    assertThat(train.exitCode()).as("%s%n%s", train.out(), train.err()).isZero();
  }

  private static List<Path> filesWith(String text) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text)) {
          found.add(file);
        }
      }
    }
    return found;
  }

  @Test
  void theTokenOfItsPageIsPrintedOnceAndInNoFileButItsOwn() throws IOException {
    Path file = run.resolve(RunDashboard.TOKEN_FILE);
    String token = Files.readString(file).strip();
    assertThat(token).hasSize(48);
    assertThat(train.out()).containsOnlyOnce(token).contains("dashboard: http://0.0.0.0:");
    assertThat(train.err()).doesNotContain(token);
    assertThat(filesWith(token)).containsExactly(file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void whatNeedsAttentionIsSaidOnceOnTheConsoleAndPutOnRecord() throws IOException {
    String line = "needs attention: no rewrite taken: cycle 1 after step 3:";
    assertThat(train.out()).containsOnlyOnce("needs attention: no rewrite taken").contains(line);
    List<String> notes = new ArrayList<>();
    for (String event : Files.readAllLines(run.resolve("events.jsonl"))) {
      String text = new ObjectMapper().readTree(event).path("text").asText();
      if (text.startsWith(line)) {
        notes.add(text);
      }
    }
    assertThat(notes).singleElement().asString().contains("max_new_tokens is too small");
    Cli logs = Cli.run("logs", "--dir", run, "--level", "warn");
    assertThat(logs.out()).containsOnlyOnce(line);
    Cli status = Cli.run("status", "--dir", run);
    assertThat(status.out()).contains("no rewrite taken", "max_new_tokens is too small");
  }
}
