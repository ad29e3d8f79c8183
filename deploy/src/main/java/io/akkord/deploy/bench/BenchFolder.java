package io.akkord.deploy.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.SafetensorsWriter;
import io.akkord.model.hf.SafetensorsWriter.Entry;
import io.akkord.model.layout.ParameterLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** A temporary folder with the benchmark's model and data, as {@code akkord train} reads them. */
final class BenchFolder implements AutoCloseable {
  private final Path root;

  private BenchFolder(Path root) {
    this.root = root;
  }

  static BenchFolder create() {
    try {
      return new BenchFolder(Files.createTempDirectory("akkord-bench"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path root() {
    return root;
  }

  /** Writes the 21.7 M model with random weights. */
  Path model() throws IOException {
    return model(BenchModel.config());
  }

  /** Writes a Llama with random weights. */
  Path model(ModelConfig model) throws IOException {
    Path folder = Files.createDirectories(root.resolve("model"));
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("LlamaForCausalLM"));
    config.put("model_type", "llama");
    config.put("vocab_size", model.vocabSize());
    config.put("hidden_size", model.hiddenSize());
    config.put("intermediate_size", model.intermediateSize());
    config.put("num_hidden_layers", model.layers());
    config.put("num_attention_heads", model.heads());
    config.put("num_key_value_heads", model.kvHeads());
    config.put("head_dim", model.headDim());
    config.put("rms_norm_eps", 1e-6);
    config.put("tie_word_embeddings", true);
    config.put("rope_theta", 10_000.0);
    config.put("max_position_embeddings", 2048);
    config.put("bos_token_id", 1);
    config.put("eos_token_id", 2);
    config.put("hidden_act", "silu");
    new ObjectMapper().writeValue(folder.resolve("config.json").toFile(), config);
    SplittableRandom random = new SplittableRandom(1);
    List<Entry> entries = new ArrayList<>();
    ParameterLayout.shapes(model)
        .forEach(
            (name, shape) ->
                entries.add(
                    new Entry(name, "F32", shape, (from, target) -> fill(random, shape, target))));
    SafetensorsWriter.write(folder.resolve("model.safetensors"), entries, Map.of("format", "pt"));
    return folder;
  }

  private static void fill(SplittableRandom random, long[] shape, ByteBuffer target) {
    while (target.hasRemaining()) {
      target.putFloat(shape.length == 1 ? 1f : BenchModel.weight(random));
    }
  }

  /** Writes rows of token ids: one of prompt, all others of completion. */
  Path data(int rows, int length) throws IOException {
    return data(rows, length, BenchModel.VOCAB);
  }

  /** The same for a smaller vocabulary. */
  Path data(int rows, int length, int vocabulary) throws IOException {
    Path file = root.resolve("train.jsonl");
    ObjectMapper json = new ObjectMapper();
    try (var out = Files.newBufferedWriter(file)) {
      for (int row = 0; row < rows; row++) {
        var sample = BenchModel.sample(row, length, vocabulary, new SplittableRandom(row));
        out.write(
            json.writeValueAsString(
                Map.of(
                    "prompt_ids", sample.promptIds(), "completion_ids", sample.completionIds())));
        out.newLine();
      }
    }
    return file;
  }

  @Override
  public void close() {
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the benchmark's folder " + root + " stays behind", e);
    }
  }
}
