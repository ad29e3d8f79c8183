package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Real processes, killed with -9 at chosen steps and continued with {@code --resume}: the final
 * weights stay the same bits.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResumeIT {
  private static final int STEPS = 12;
  private static final Duration DEADLINE = Duration.ofSeconds(300);

  @TempDir static Path folder;
  private String quiet;

  @BeforeAll
  void runWithoutDisturbance() throws Exception {
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          folder.resolve("data.jsonl"), lines.limit(24).collect(Collectors.joining("\n")) + "\n");
    }
    assertThat(start(recipe("quiet")).waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    quiet = hash("quiet");
    String rewrites = Files.readString(folder.resolve("quiet/rewrites.jsonl"));
    assertThat(rewrites).as("the cycles take rewrites").contains("\"accepted\":true");
  }

  /** An epoch has 3 steps; cycles run after 3, 6 and 9 steps; checkpoints after every second. */
  @ParameterizedTest
  @ValueSource(ints = {1, 6, 8})
  void aRunKilledAfterAStepGoesOnToTheSameBits(int steps) throws Exception {
    kill(steps);
  }

  @ParameterizedTest
  @Tag("slow")
  @ValueSource(ints = {3, 4, 11})
  void aRunKilledAfterAnyOtherStepDoesToo(int steps) throws Exception {
    kill(steps);
  }

  private void kill(int steps) throws Exception {
    String name = "killed-" + steps;
    Path recipe = recipe(name);
    Process run = start(recipe);
    await(name, steps);
    run.toHandle().destroyForcibly();
    assertThat(run.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(folder.resolve(name).resolve("model.safetensors")).doesNotExist();

    Process resumed = start(recipe, "--resume", "--workers", "3");
    assertThat(resumed.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(resumed.exitValue()).isZero();
    assertThat(hash(name)).isEqualTo(quiet);
    assertThat(steps(name)).isEqualTo(LongStream.range(0, STEPS).boxed().toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT", "HUP"})
  void aSignalSavesAtTheStepInFlightAndSaysHowToGoOn(String signal) throws Exception {
    assumeFalse(signal.equals("HUP") && HangUp.isIgnored(), "SIGHUP is ignored, as under nohup");
    String name = "stopped-" + signal;
    Path recipe = recipe(name);
    Process run = start(recipe);
    await(name, 5);
    signal(run, signal);
    assertThat(run.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(run.exitValue()).as("a batch system takes it for a success").isZero();
    assertThat(log(name))
        .contains("SIG" + signal + ": the step in flight is finished and saved, 300 s at most")
        .contains("go on with the same command and --resume");
    int saved = steps(name).size();
    assertThat(saved).isLessThan(STEPS);
    assertThat(folder.resolve(name).resolve("checkpoint-" + saved)).isDirectory();
    if (signal.equals("TERM")) {
      // The others have led to the same checkpoint.
      resume(name, recipe);
    }
  }

  /** The second one comes while the first one's checkpoint may be half written. */
  @Test
  void aSecondCtrlCEndsAtOnceAndTheRunGoesOnToTheSameBits() throws Exception {
    Path recipe = recipe("twice");
    Process run = start(recipe);
    await("twice", 5);
    signal(run, "INT");
    Awaitility.await().atMost(DEADLINE).until(() -> log("twice").contains("SIGINT: "));
    signal(run, "INT");
    assertThat(run.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    // A machine that saves faster than it delivers a signal has nothing left to end at once.
    assertThat(run.exitValue()).as(log("twice")).isIn(130, 0);
    if (run.exitValue() == 130) {
      assertThat(log("twice"))
          .contains("ended at once; go on from the newest checkpoint with the same command");
    }
    resume("twice", recipe);
  }

  private void resume(String name, Path recipe) throws Exception {
    Process resumed = start(recipe, "--resume");
    assertThat(resumed.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(resumed.exitValue()).as(log(name)).isZero();
    assertThat(hash(name)).isEqualTo(quiet);
    assertThat(steps(name)).isEqualTo(LongStream.range(0, STEPS).boxed().toList());
  }

  private static void signal(Process process, String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
    assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(kill.exitValue()).isZero();
  }

  private static String log(String name) throws IOException {
    return Files.readString(folder.resolve(name + ".log"));
  }

  @Test
  void aJvmThatTrainedSomethingElseBeforeGivesTheSameBits() throws Exception {
    Path other = recipe("other");
    Files.writeString(other, Files.readString(other).replace("seed: 42", "seed: 7"));
    Path same = recipe("same");
    assertThat(Main.run("train", other.toString(), "--in-process", "--workers", "2")).isZero();
    assertThat(Main.run("train", same.toString(), "--in-process", "--workers", "1")).isZero();
    assertThat(hash("same")).isEqualTo(quiet);
    assertThat(hash("other")).isNotEqualTo(quiet);
  }

  private static Path recipe(String name) throws IOException {
    Path recipe = folder.resolve(name + ".yaml");
    Files.writeString(
        recipe,
        """
        model_name_or_path: %s
        train_file: data.jsonl
        output_dir: %s
        global_batch_size: 8
        micro_batch_size: 2
        logical_shards: 4
        num_train_epochs: 4
        max_length: 256
        too_long: truncate
        seed: 42
        learning_rate: 1.0e-3
        warmup_steps: 1
        rewrite: {warmup: 3, every: 3, fraction: 0.5, probability: 1.0, min_visits: 1, max_new_tokens: 200, batch: 3, temperature: 0.9, top_p: 1.0}
        save_steps: 2
        save_total_limit: 3
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), folder.resolve(name)));
    return recipe;
  }

  private static Process start(Path recipe, String... more) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Main.class.getName(), "train", recipe.toString()));
    command.add("--in-process");
    command.addAll(List.of(more));
    Path log = Path.of(recipe.toString().replace(".yaml", ".log"));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  private static void await(String name, int lines) {
    Path metrics = folder.resolve(name).resolve("metrics.jsonl");
    Awaitility.await("step " + lines + " of " + name)
        .atMost(DEADLINE)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> Files.exists(metrics) && Files.readAllLines(metrics).size() >= lines);
  }

  private static List<Long> steps(String name) throws IOException {
    List<Long> steps = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl"))) {
      steps.add(new ObjectMapper().readTree(line).get("step").asLong());
    }
    return steps;
  }

  private static String hash(String name) throws Exception {
    byte[] bytes = Files.readAllBytes(folder.resolve(name).resolve("model.safetensors"));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
