package io.akkord.model.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
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
    refuseWhatIsNotComputed(architecture);
    int hidden = positive("hidden_size");
    int heads = positive("num_attention_heads");
    int kvHeads = present("num_key_value_heads") ? positive("num_key_value_heads") : heads;
    if (heads % kvHeads != 0) {
      throw new UserError(
          "%s: num_attention_heads is %d, which is no multiple of num_key_value_heads %d"
              .formatted(file, heads, kvHeads));
    }
    return new ModelConfig(
        architecture,
        positive("vocab_size"),
        hidden,
        positive("intermediate_size"),
        positive("num_hidden_layers"),
        heads,
        kvHeads,
        present("head_dim") ? positive("head_dim") : hidden / heads,
        required("rms_norm_eps").asDouble(),
        json.path("tie_word_embeddings").asBoolean(false),
        json.path("attention_bias").asBoolean(false),
        json.path("mlp_bias").asBoolean(false),
        rope(),
        json.path("max_position_embeddings").asInt(2048),
        tokenId("bos_token_id"),
        eosTokenIds(),
        tokenId("pad_token_id"));
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

  private void refuseWhatIsNotComputed(Architecture architecture) {
    String activation = json.path("hidden_act").asText("silu");
    if (!activation.equals("silu")) {
      throw new UserError(
          "%s: hidden_act is '%s'; only silu is supported".formatted(file, activation));
    }
    JsonNode window = json.path("sliding_window");
    boolean used =
        architecture == Architecture.MISTRAL || json.path("use_sliding_window").asBoolean(false);
    int positions = json.path("max_position_embeddings").asInt(2048);
    if (used && window.isNumber() && window.asInt() < positions) {
      throw new UserError(
          "%s: sliding_window is %d, shorter than max_position_embeddings %d; sliding-window attention is not supported yet"
              .formatted(file, window.asInt(), positions));
    }
  }

  private Rope rope() {
    JsonNode parameters = json.path("rope_parameters");
    JsonNode scaling = json.path("rope_scaling");
    JsonNode source = parameters.isObject() ? parameters : scaling;
    String key = parameters.isObject() ? "rope_parameters" : "rope_scaling";
    JsonNode theta = parameters.path("rope_theta");
    double base = theta.isNumber() ? theta.asDouble() : json.path("rope_theta").asDouble(10_000);
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

  private OptionalInt tokenId(String key) {
    return json.path(key).isInt() ? OptionalInt.of(json.path(key).asInt()) : OptionalInt.empty();
  }

  private List<Integer> eosTokenIds() {
    Path generation = folder.resolve("generation_config.json");
    JsonNode ids =
        Files.isRegularFile(generation)
            ? JsonFiles.read(generation).path("eos_token_id")
            : MissingNode.getInstance();
    if (!ids.isInt() && !ids.isArray()) {
      ids = json.path("eos_token_id");
    }
    List<Integer> found = new ArrayList<>();
    if (ids.isInt()) {
      found.add(ids.asInt());
    }
    ids.elements().forEachRemaining(id -> found.add(id.asInt()));
    return found;
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "missing" : value.toString();
  }
}
