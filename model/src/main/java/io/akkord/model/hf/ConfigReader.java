package io.akkord.model.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import io.akkord.model.UserError;
import io.akkord.model.hf.ModelConfig.Architecture;
import io.akkord.model.hf.ModelConfig.Llama3Scaling;
import io.akkord.model.hf.ModelConfig.Rope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads {@code config.json} in the spelling of transformers 5 and of those before it. */
final class ConfigReader {
  private static final Map<String, Architecture> SUPPORTED =
      Map.of(
          "LlamaForCausalLM", Architecture.LLAMA,
          "Qwen2ForCausalLM", Architecture.QWEN2,
          "Qwen3ForCausalLM", Architecture.QWEN3,
          "MistralForCausalLM", Architecture.MISTRAL);

  private static final String POSITIONS = "max_position_embeddings";
  private static final int DEFAULT_POSITIONS = 2048;
  private static final double DEFAULT_THETA = 10_000;

  /** What transformers takes for a Mistral whose configuration lacks the key. */
  private static final int MISTRAL_WINDOW = 4096;

  private static final String EOS = "eos_token_id";

  private final Path folder;
  private final Path file;
  private final JsonNode json;

  ConfigReader(Path folder) {
    this.folder = folder;
    this.file = folder.resolve("config.json");
    this.json = JsonFiles.read(file);
  }

  ModelConfig read() {
    Architecture architecture = architecture();
    refuseOtherActivations();
    refuseQuantizedWeights();
    int hidden = positive("hidden_size");
    int heads = positive("num_attention_heads");
    int kvHeads = kvHeads(architecture, heads);
    int positions = present(POSITIONS) ? positive(POSITIONS) : DEFAULT_POSITIONS;
    refuseSlidingWindow(architecture, positions);
    return new ModelConfig(
        architecture,
        positive("vocab_size"),
        hidden,
        positive("intermediate_size"),
        positive("num_hidden_layers"),
        heads,
        kvHeads,
        headDim(architecture, hidden, heads),
        positiveNumber("rms_norm_eps", required("rms_norm_eps")),
        flag("tie_word_embeddings"),
        flag("attention_bias"),
        flag("mlp_bias"),
        rope(),
        positions,
        tokenId("bos_token_id"),
        eosTokenIds(),
        padTokenId());
  }

  private Architecture architecture() {
    JsonNode names = json.path("architectures");
    String name = names.path(0).asText("");
    Architecture architecture = SUPPORTED.get(name);
    if (architecture == null) {
      throw new UserError(
          "%s: architectures is %s; supported are %s"
              .formatted(
                  file,
                  names.isMissingNode() ? "missing" : names.toString(),
                  String.join(", ", SUPPORTED.keySet().stream().sorted().toList())));
    }
    return architecture;
  }

  private void refuseOtherActivations() {
    String activation = json.path("hidden_act").asText("silu");
    if (!activation.equals("silu")) {
      throw new UserError(
          "%s: hidden_act is '%s'; only silu is supported".formatted(file, activation));
    }
  }

  private void refuseQuantizedWeights() {
    if (present("quantization_config")) {
      throw new UserError(
          "%s: quantization_config says that the weights are quantized (%s); training needs the model's plain F32, BF16 or F16 weights"
              .formatted(file, json.get("quantization_config").path("quant_method").asText("?")));
    }
  }

  private void refuseSlidingWindow(Architecture architecture, int positions) {
    JsonNode window = json.path("sliding_window");
    if (window.isMissingNode() && architecture == Architecture.MISTRAL) {
      window = IntNode.valueOf(MISTRAL_WINDOW);
    }
    boolean used = architecture == Architecture.MISTRAL || flag("use_sliding_window");
    if (used && window.isNumber() && window.asLong() < positions) {
      throw new UserError(
          "%s: sliding_window is %d, shorter than max_position_embeddings %d; sliding-window attention is not supported yet"
              .formatted(file, window.asInt(), positions));
    }
  }

  private Rope rope() {
    JsonNode parameters = json.path("rope_parameters");
    String key = present("rope_parameters") ? "rope_parameters" : "rope_scaling";
    JsonNode source = json.path(key);
    if (present(key) && !source.isObject()) {
      throw new UserError(
          "%s: %s is %s; an object with rope_type is needed".formatted(file, key, source));
    }
    JsonNode theta =
        parameters.has("rope_theta") ? parameters.get("rope_theta") : json.path("rope_theta");
    double base =
        theta.isMissingNode() || theta.isNull()
            ? DEFAULT_THETA
            : positiveNumber("rope_theta", theta);
    String type = source.path("rope_type").asText(source.path("type").asText("default"));
    if (type.equals("default")) {
      return new Rope(base, Optional.empty());
    }
    if (!type.equals("llama3")) {
      throw new UserError(
          "%s: %s.rope_type is '%s'; supported are default and llama3".formatted(file, key, type));
    }
    return new Rope(
        base,
        Optional.of(
            new Llama3Scaling(
                number(source, key, "factor"),
                number(source, key, "low_freq_factor"),
                number(source, key, "high_freq_factor"),
                (int) number(source, key, "original_max_position_embeddings"))));
  }

  private double number(JsonNode source, String parent, String key) {
    JsonNode value = source.path(key);
    if (!value.isNumber()) {
      throw new UserError(
          "%s: %s.%s is %s; a number is needed for llama3 scaling"
              .formatted(file, parent, key, shown(value)));
    }
    return value.asDouble();
  }

  private boolean present(String key) {
    return !json.path(key).isMissingNode() && !json.path(key).isNull();
  }

  private JsonNode required(String key) {
    if (!present(key)) {
      throw new UserError("%s: key %s is missing".formatted(file, key));
    }
    return json.get(key);
  }

  private int positive(String key) {
    JsonNode value = required(key);
    if (!value.isInt() || value.asInt() <= 0) {
      throw new UserError(
          "%s: %s is %s; a positive whole number is needed".formatted(file, key, shown(value)));
    }
    return value.asInt();
  }

  private double positiveNumber(String key, JsonNode value) {
    if (!value.isNumber() || !(value.asDouble() > 0)) {
      throw new UserError("%s: %s is %s; a positive number is needed".formatted(file, key, value));
    }
    return value.asDouble();
  }

  private boolean flag(String key) {
    if (present(key) && !json.get(key).isBoolean()) {
      throw new UserError(
          "%s: %s is %s; allowed are true or false".formatted(file, key, json.get(key)));
    }
    return json.path(key).asBoolean(false);
  }

  private int kvHeads(Architecture architecture, int heads) {
    // Without the key only Llama means "as many as heads"; elsewhere it is a constant by class.
    boolean needed = architecture != Architecture.LLAMA && !json.has("num_key_value_heads");
    int kvHeads =
        needed || present("num_key_value_heads") ? positive("num_key_value_heads") : heads;
    if (heads % kvHeads != 0) {
      throw new UserError(
          "%s: num_attention_heads is %d, which is no multiple of num_key_value_heads %d"
              .formatted(file, heads, kvHeads));
    }
    return kvHeads;
  }

  private int headDim(Architecture architecture, int hidden, int heads) {
    if (architecture == Architecture.QWEN3) {
      required("head_dim"); // not hidden / heads when it is missing, but a constant
    }
    if (!present("head_dim") && hidden % heads != 0) {
      throw new UserError(
          "%s: hidden_size %d is no multiple of num_attention_heads %d and there is no head_dim"
              .formatted(file, hidden, heads));
    }
    int headDim = present("head_dim") ? positive("head_dim") : hidden / heads;
    if (headDim % 2 != 0) {
      throw new UserError(
          "%s: head_dim is %d; rotary embeddings need an even one".formatted(file, headDim));
    }
    return headDim;
  }

  private OptionalInt padTokenId() {
    OptionalInt id = tokenId("pad_token_id");
    if (id.isPresent() && id.getAsInt() >= positive("vocab_size")) {
      throw new UserError(
          "%s: pad_token_id is %d, outside of the vocabulary of %d; give another id or null"
              .formatted(file, id.getAsInt(), positive("vocab_size")));
    }
    return id;
  }

  /** Older exports write -1 for a token that does not exist. */
  private OptionalInt tokenId(String key) {
    if (json.path(key).asInt() < 0) {
      return OptionalInt.empty();
    }
    List<Integer> ids = tokenIds(file, key, json.path(key));
    return ids.isEmpty() ? OptionalInt.empty() : OptionalInt.of(ids.get(0));
  }

  private List<Integer> eosTokenIds() {
    Path generation = folder.resolve("generation_config.json");
    List<Integer> ids = List.of();
    if (Files.isRegularFile(generation)) {
      ids = tokenIds(generation, EOS, JsonFiles.read(generation).path(EOS));
    }
    return ids.isEmpty() ? tokenIds(file, EOS, json.path(EOS)) : ids;
  }

  /** One id, a list of them, or nothing. */
  private static List<Integer> tokenIds(Path file, String key, JsonNode value) {
    if (value.isMissingNode() || value.isNull()) {
      return List.of();
    }
    List<Integer> ids = new ArrayList<>();
    for (JsonNode id : value.isArray() ? value : List.of(value)) {
      if (!id.isInt() || id.asInt() < 0) {
        throw new UserError(
            "%s: %s is %s; a token id or a list of them is needed".formatted(file, key, value));
      }
      ids.add(id.asInt());
    }
    return ids;
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "missing" : value.toString();
  }
}
