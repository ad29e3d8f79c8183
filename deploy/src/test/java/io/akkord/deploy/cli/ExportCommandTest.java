package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.model.TestModels;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.SafetensorsWriter;
import io.akkord.model.layout.Lora;
import io.akkord.model.layout.ParameterLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An adapter is read by every command that takes a model, and merged into one by export. */
class ExportCommandTest {
  private static final Lora LORA = new Lora(2, 8, List.of("q_proj", "down_proj"));

  @TempDir private Path temp;
  private Path adapter;

  @BeforeEach
  void anAdapterThatDoesSomething() throws Exception {
    adapter = Files.createDirectory(temp.resolve("adapter"));
    AdapterFolder.writeConfig(adapter, LORA, TestModels.stories260K().toAbsolutePath());
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    ParameterLayout.shapes(ModelConfig.read(TestModels.stories260K()), LORA)
        .forEach(
            (name, shape) ->
                entries.add(
                    new SafetensorsWriter.Entry(
                        name,
                        "F32",
                        shape,
                        (from, target) -> {
                          for (long i = from; target.hasRemaining(); i++) {
                            target.putFloat((float) (0.1 * Math.sin(i + name.length())));
                          }
                        })));
    SafetensorsWriter.write(adapter.resolve(AdapterFolder.WEIGHTS), entries, Map.of());
  }

  private double[] scores(Path model) throws Exception {
    Path data = temp.resolve("data.jsonl");
    Files.writeString(data, "{\"prompt\": \"Once upon\", \"completion\": \" a time there was\"}\n");
    Cli cli = Cli.run("score", "--model", "" + model, "--data", "" + data, "--format", "json");
    assertThat(cli.exitCode()).as(cli.err()).isZero();
    return cli.out()
        .lines()
        .mapToDouble(l -> Double.parseDouble(l.replaceAll(".*\"nll\":([0-9.]+).*", "$1")))
        .toArray();
  }

  @Test
  void theMergedModelScoresAsTheAdapterDoesAndNotAsTheBase() throws Exception {
    Path merged = temp.resolve("merged");
    Cli cli = Cli.run("export", "--model", "" + adapter, "--output", "" + merged);
    assertThat(cli.exitCode()).as(cli.err()).isZero();
    assertThat(cli.out()).contains("merged into");
    double[] adapted = scores(adapter);
    assertThat(scores(merged))
        .containsExactly(adapted, org.assertj.core.api.Assertions.within(1e-5));
    assertThat(Math.abs(scores(TestModels.stories260K())[0] - adapted[0])).isGreaterThan(0.01);
  }

  @Test
  void whatIsThereIsNotWrittenOver() throws Exception {
    Path there = Files.createDirectory(temp.resolve("there"));
    Cli cli = Cli.run("export", "--model", "" + adapter, "--output", "" + there);
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err()).contains(there + " is there already; choose another folder");
  }

  @Test
  void aWholeModelHasNothingToMerge() {
    Path model = TestModels.stories260K();
    Cli cli = Cli.run("export", "--model", "" + model, "--output", "" + temp.resolve("merged"));
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err()).contains("holds no adapter_config.json");
    assertThat(temp.resolve("merged")).doesNotExist();
  }
}
