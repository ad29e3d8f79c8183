package io.akkord.model.hf;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A Hugging Face model folder: configuration and weights, in one file or several. */
public final class HfFolder implements TensorSource {
  /** The weights, where they are in one file. */
  public static final String WEIGHTS = "model.safetensors";

  private static final String INDEX = "model.safetensors.index.json";
  private static final int SHOWN_PROBLEMS = 10;
  private static final List<String> METADATA =
      List.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja",
          "tokenizer.model",
          "vocab.json",
          "merges.txt",
          "added_tokens.json");

  private final Path folder;
  private final ModelConfig config;
  private final Map<String, SafetensorsFile> tensors;

  private HfFolder(Path folder, ModelConfig config, Map<String, SafetensorsFile> tensors) {
    this.folder = folder;
    this.config = config;
    this.tensors = tensors;
  }

  /**
   * Opens a folder and checks the headers of its weight files.
   *
   * @throws UserError if the folder, its configuration or a weight file is missing or damaged
   */
  public static HfFolder open(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new UserError("model folder %s does not exist".formatted(folder));
    }
    if (AdapterFolder.isAdapter(folder)) {
      throw new UserError(
          "%s is a LoRA adapter, a whole model is needed here; akkord export --model %s --output DIR makes one of it and its base"
              .formatted(folder, folder));
    }
    ModelConfig config = ModelConfig.read(folder);
    return new HfFolder(folder, config, tensors(folder));
  }

  private static Map<String, SafetensorsFile> tensors(Path folder) {
    // As transformers does: where both are, the single file counts.
    if (Files.isRegularFile(folder.resolve(WEIGHTS))) {
      SafetensorsFile file = SafetensorsFile.open(folder.resolve(WEIGHTS));
      Map<String, SafetensorsFile> tensors = new LinkedHashMap<>();
      file.names().forEach(name -> tensors.put(name, file));
      return tensors;
    }
    if (Files.isRegularFile(folder.resolve(INDEX))) {
      return shards(folder);
    }
    throw new UserError(
        "%s holds neither %s nor %s; weights are read from safetensors only"
            .formatted(folder, WEIGHTS, INDEX));
  }

  private static Map<String, SafetensorsFile> shards(Path folder) {
    Path index = folder.resolve(INDEX);
    JsonNode map = JsonFiles.read(index).path("weight_map");
    if (!map.isObject()) {
      throw new UserError("%s has no weight_map from tensor names to files".formatted(index));
    }
    Map<String, SafetensorsFile> tensors = new LinkedHashMap<>();
    Map<String, SafetensorsFile> files = new HashMap<>();
    map.fields()
        .forEachRemaining(
            field -> {
              String name = shardName(index, field.getKey(), field.getValue());
              SafetensorsFile file =
                  files.computeIfAbsent(name, n -> SafetensorsFile.open(folder.resolve(n)));
              if (!file.names().contains(field.getKey())) {
                throw new UserError(
                    "%s: tensor %s should be in %s and is not"
                        .formatted(index, field.getKey(), name));
              }
              tensors.put(field.getKey(), file);
            });
    return tensors;
  }

  /** A file of the same folder: an index from elsewhere must not lead out of it. */
  private static String shardName(Path index, String tensor, JsonNode value) {
    String name = value.asText("");
    if (!name.endsWith(".safetensors") || name.contains("/") || name.contains("\\")) {
      throw new UserError(
          "%s: tensor %s is said to be in %s; the name of a .safetensors file beside the index is needed"
              .formatted(index, tensor, value));
    }
    return name;
  }

  /** Where the model lies. */
  public Path folder() {
    return folder;
  }

  /** Its configuration. */
  public ModelConfig config() {
    return config;
  }

  /** Names of all tensors. */
  public Set<String> tensorNames() {
    return tensors.keySet();
  }

  /** Dimensions of a tensor. */
  public long[] shape(String name) {
    return find(name).shape(name);
  }

  private SafetensorsFile find(String name) {
    SafetensorsFile file = tensors.get(name);
    if (file == null) {
      throw new UserError("%s: tensor %s is missing".formatted(folder, name));
    }
    return file;
  }

  @Override
  public void read(String name, long from, FloatBuffer target) {
    find(name).read(name, from, target);
  }

  @Override
  public void readDouble(String name, long from, DoubleBuffer target) {
    find(name).readDouble(name, from, target);
  }

  /**
   * Checks that exactly the expected tensors are there, in their shapes; tensors that carry no
   * parameter are tolerated.
   *
   * @throws UserError listing what is missing, misshapen or unknown
   */
  public void require(Map<String, long[]> expected) {
    List<String> problems = new ArrayList<>();
    expected.forEach(
        (name, shape) -> {
          if (!tensors.containsKey(name)) {
            problems.add("tensor %s %s is missing".formatted(name, Arrays.toString(shape)));
          } else if (!Arrays.equals(shape(name), shape)) {
            problems.add(
                "tensor %s has shape %s, config.json says %s"
                    .formatted(name, Arrays.toString(shape(name)), Arrays.toString(shape)));
          }
        });
    for (String name : tensors.keySet()) {
      if (!expected.containsKey(name) && !harmless(name)) {
        problems.add("tensor %s is not a parameter of this architecture".formatted(name));
      }
    }
    if (!problems.isEmpty()) {
      int hidden = Math.max(0, problems.size() - SHOWN_PROBLEMS);
      throw new UserError(
          "%s does not fit its config.json:%n  %s%s"
              .formatted(
                  folder,
                  String.join(
                      System.lineSeparator() + "  ", problems.subList(0, problems.size() - hidden)),
                  hidden > 0 ? "%n  and %d more".formatted(hidden) : ""));
    }
  }

  /** Buffers of older exports, and the copy of the embedding that some tied models carry. */
  private boolean harmless(String name) {
    return name.endsWith(".rotary_emb.inv_freq")
        || name.endsWith(".attn.bias")
        || (name.equals("lm_head.weight") && config.tieWordEmbeddings());
  }

  /** Copies configuration and tokenizer files verbatim. */
  public void copyMetadataTo(Path target) throws IOException {
    copy(METADATA, target);
  }

  /** Copies tokenizer files verbatim: what lies beside an adapter. */
  public void copyTokenizerTo(Path target) throws IOException {
    copy(
        METADATA.stream()
            .filter(name -> !name.endsWith("config.json") || name.startsWith("tokenizer"))
            .toList(),
        target);
  }

  private void copy(List<String> names, Path target) throws IOException {
    for (String name : names) {
      Path source = folder.resolve(name);
      if (Files.isRegularFile(source)) {
        Files.copy(source, target.resolve(name), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
