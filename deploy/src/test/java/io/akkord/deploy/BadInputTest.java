package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.journal.Journal;
import io.akkord.model.TestModels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a person reads who gives {@code akkord train} something wrong: place, found, allowed, what
 * to do; and nothing is left behind.
 */
class BadInputTest {
  private static final String ROW =
      "{\"prompt\": \"Once upon a time\", \"completion\": \" there was a cat.\"}\n";

  @TempDir Path folder;
  private Path model;

  /** How a command ended. */
  private record Ended(int code, String text) {}

  @BeforeEach
  void copyTheModel() throws IOException {
    model = folder.resolve("model");
    Files.createDirectories(model);
    try (Stream<Path> files = Files.list(TestModels.stories260K())) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    Files.writeString(folder.resolve("data.jsonl"), ROW.repeat(8));
  }

  private Ended train(String recipe, String... more) throws IOException {
    String[] all = Arrays.copyOf(more, more.length + 1);
    all[more.length] = "--in-process";
    return started(recipe, all);
  }

  private Ended trainInProcesses(String... more) throws IOException {
    return started("", more);
  }

  private Ended started(String recipe, String... more) throws IOException {
    Path file = folder.resolve("recipe.yaml");
    String paths =
        "model_name_or_path: %s%ntrain_file: data.jsonl%noutput_dir: %s%n"
            .formatted(model, folder.resolve("out"));
    Files.writeString(
        file,
        paths
            + "global_batch_size: 4\nmicro_batch_size: 2\nmax_length: 64\nmax_steps: 2\nrewrite: off\n"
            + recipe);
    String[] arguments = new String[more.length + 4];
    System.arraycopy(new String[] {"train", file.toString(), "--workers", "1"}, 0, arguments, 0, 4);
    System.arraycopy(more, 0, arguments, 4, more.length);
    return run(arguments);
  }

  private static Ended run(String... arguments) {
    PrintStream err = System.err;
    PrintStream out = System.out;
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (PrintStream captured = new PrintStream(text, true, StandardCharsets.UTF_8)) {
      System.setErr(captured);
      System.setOut(captured);
      return new Ended(Main.run(arguments), text.toString(StandardCharsets.UTF_8));
    } finally {
      System.setErr(err);
      System.setOut(out);
    }
  }

  private void refused(Ended ended, int code, String... parts) {
    assertThat(ended.text()).contains(parts).doesNotContain("\tat ");
    assertThat(ended.code()).isEqualTo(code);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void aGoodRecipeRuns() throws IOException {
    Ended ended = train("");
    assertThat(ended.text()).contains("finished: 2 steps");
    assertThat(ended.code()).isZero();
  }

  @Test
  void anUnknownKeyIsAnsweredWithTheNearestOne() throws IOException {
    refused(train("learning_rat: 1.0e-3\n"), 2, "learning_rat", "learning_rate", "recipe.yaml:9");
  }

  @Test
  void aWrongTypeNamesKeyAndValue() throws IOException {
    refused(train("seed: soon\n"), 2, "seed", "soon", "recipe.yaml:9");
  }

  @Test
  void contradictorySettingsAreRefused() throws IOException {
    refused(train("warmup_ratio: 0.1\nwarmup_steps: 3\n"), 2, "warmup_ratio", "warmup_steps");
  }

  @Test
  void anUnknownOptionIsUsage() {
    Ended ended = run("train", "--resum");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.text()).contains("--resum");
  }

  @Test
  void aRecipeThatIsNotThereIsUsage() {
    Ended ended = run("train", folder.resolve("none.yaml").toString());
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.text()).contains("none.yaml");
  }

  @Test
  void missingWeightsAreNamed() throws IOException {
    Files.delete(model.resolve("model.safetensors"));
    refused(train(""), 1, "model.safetensors", model.toString());
  }

  @Test
  void truncatedWeightsAreNamed() throws IOException {
    byte[] bytes = Files.readAllBytes(model.resolve("model.safetensors"));
    Files.write(model.resolve("model.safetensors"), java.util.Arrays.copyOf(bytes, 500_000));
    refused(train(""), 1, "model.safetensors", "truncated", "500000");
  }

  @Test
  void aShapeThatDoesNotFitTheConfigurationIsNamed() throws IOException {
    edit("config.json", "\"intermediate_size\": 172", "\"intermediate_size\": 180");
    refused(train(""), 1, "mlp.gate_proj.weight", "[172, 64]", "[180, 64]");
  }

  @Test
  void anUnsupportedArchitectureNamesTheSupportedOnes() throws IOException {
    edit("config.json", "LlamaForCausalLM", "GPT2LMHeadModel");
    refused(train(""), 1, "GPT2LMHeadModel", "LlamaForCausalLM", "Qwen3ForCausalLM");
  }

  @Test
  void malformedJsonNamesTheLine() throws IOException {
    Files.writeString(folder.resolve("data.jsonl"), ROW + ROW + "{\"prompt\": oops}\n");
    refused(train(""), 1, "data.jsonl", "line 3", "JSON");
  }

  @Test
  void anEmptyCompletionNamesTheLine() throws IOException {
    Files.writeString(
        folder.resolve("data.jsonl"), ROW + "{\"prompt\": \"x\", \"completion\": \"\"}\n");
    refused(train(""), 1, "line 2", "completion is empty");
  }

  @Test
  void aSampleTooLongIsRefusedDroppedOrCutAsTheRecipeSays() throws IOException {
    String longRow = "{\"prompt\": \"A\", \"completion\": \"" + " cat".repeat(100) + "\"}\n";
    Files.writeString(folder.resolve("data.jsonl"), ROW.repeat(8) + longRow);
    refused(train("too_long: error\n"), 1, "line 9", "max_length is 64", "drop or truncate");
    Ended dropped = train("too_long: drop\n");
    assertThat(dropped.text()).contains("1 of 9 samples", "dropped");
    assertThat(dropped.code()).isZero();
    Ended cut = train("too_long: truncate\n", "--set", "output_dir=" + folder.resolve("cut"));
    assertThat(cut.text()).contains("1 of 9 completions were cut");
    assertThat(cut.code()).isZero();
  }

  @Test
  void aFileWithNothingToTrainOnIsRefused() throws IOException {
    String longRow = "{\"prompt\": \"A\", \"completion\": \"" + " cat".repeat(100) + "\"}\n";
    Files.writeString(folder.resolve("data.jsonl"), longRow);
    refused(train("too_long: drop\n"), 1, "none of its 1 rows", "max_length");
  }

  @Test
  void aMissingTokenizerIsNamed() throws IOException {
    Files.delete(model.resolve("tokenizer.json"));
    refused(train(""), 1, "tokenizer.json", "prompt_ids");
  }

  @Test
  void anOutputFolderThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    refused(train("", "--set", "output_dir=" + file.resolve("out")), 1, "output_dir", "file/out");
  }

  @Test
  void anotherRunsFolderIsNotTakenOver() throws IOException {
    assertThat(train("").code()).isZero();
    Ended again = train("");
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.text()).contains("holds run out-", "--resume");
  }

  @Test
  void aFolderWithOtherThingsIsLeftAlone() throws IOException {
    Path own = Files.createDirectories(folder.resolve("mine"));
    Files.writeString(own.resolve("thesis.txt"), "do not delete");
    Ended ended = train("", "--set", "output_dir=" + own);
    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.text()).contains("not empty");
    assertThat(own.resolve("thesis.txt")).hasContent("do not delete");
  }

  @Test
  void resumingNothingIsRefused() throws IOException {
    refused(train("", "--resume"), 1, "--resume", "holds no run");
  }

  @Test
  void resumingWithAnotherRecipeNamesTheKeys() throws IOException {
    assertThat(train("").code()).isZero();
    Ended ended = train("seed: 7\n", "--resume");
    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.text()).contains("seed", "7", "42");
  }

  @Test
  void aRunThatGoesOnElsewhereKeepsItsFolder() throws IOException {
    assertThat(train("").code()).isZero();
    try (Journal held = Journal.open(folder.resolve("out"))) {
      Process other =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Main.class.getName(),
                  "train",
                  folder.resolve("recipe.yaml").toString(),
                  "--resume")
              .redirectErrorStream(true)
              .start();
      String text = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(text).contains("another process has this run's journal open");
      assertThat(held).isNotNull();
    }
  }

  @Test
  void aPortThatIsInUseIsNamed() throws IOException {
    try (var taken = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      Ended ended = trainInProcesses("--bind", "127.0.0.1:" + taken.getLocalPort());
      assertThat(ended.code()).isEqualTo(1);
      assertThat(ended.text())
          .contains("port " + taken.getLocalPort() + " of 127.0.0.1 is in use", "--bind");
      assertThat(folder.resolve("out")).doesNotExist();
    }
  }

  @Test
  void anAddressThatIsNoneIsRefused() throws IOException {
    Ended ended = trainInProcesses("--bind", "nonsense");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.text()).contains("--bind is 'nonsense'", "HOST:PORT");
  }

  @Test
  void tooLittleMemoryToHoldForwardsIsSaidWithItsPrice() throws IOException {
    Ended ended = train("held_forward_memory: 0\n");
    assertThat(ended.code()).isZero();
    assertThat(ended.text()).contains("memory holds 0 of 2 forwards", "1.33");
  }

  private void edit(String file, String from, String to) throws IOException {
    String text = Files.readString(model.resolve(file));
    assertThat(text).contains(from);
    Files.writeString(model.resolve(file), text.replace(from, to));
  }
}
