package io.akkord.model.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.model.UserError;
import io.akkord.model.layout.Lora;
import io.akkord.model.layout.ParameterLayout;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A LoRA adapter in PEFT's layout: its configuration, its weights, and where its base lies. */
public final class AdapterFolder implements TensorSource {
  /** The weights of an adapter. */
  public static final String WEIGHTS = "adapter_model.safetensors";

  private static final String CONFIG = "adapter_config.json";

  /** What changes the arithmetic in a way this program does not have, and the values without it. */
  private static final Map<String, List<String>> PLAIN =
      Map.ofEntries(
          Map.entry("bias", List.of("none")),
          Map.entry("fan_in_fan_out", List.of("false")),
          Map.entry("lora_bias", List.of("false")),
          Map.entry("use_dora", List.of("false")),
          Map.entry("use_rslora", List.of("false")),
          Map.entry("rank_pattern", List.of("{}")),
          Map.entry("alpha_pattern", List.of("{}")),
          Map.entry("exclude_modules", List.of("[]")),
          Map.entry("layers_to_transform", List.of("[]")),
          Map.entry("layer_replication", List.of("[]")),
          Map.entry("modules_to_save", List.of("[]")),
          Map.entry("target_parameters", List.of("[]")),
          Map.entry("trainable_token_indices", List.of("[]")));

  private final Path folder;
  private final Path base;
  private final Lora lora;
  private final SafetensorsFile tensors;

  private AdapterFolder(Path folder, Path base, Lora lora, SafetensorsFile tensors) {
    this.folder = folder;
    this.base = base;
    this.lora = lora;
    this.tensors = tensors;
  }

  /** Whether a folder holds an adapter. */
  public static boolean isAdapter(Path folder) {
    return Files.isRegularFile(folder.resolve(CONFIG));
  }

  /**
   * Opens an adapter and checks its configuration and the header of its weights.
   *
   * @throws UserError naming file and key of what is missing or not supported
   */
  public static AdapterFolder open(Path folder) {
    Path file = folder.resolve(CONFIG);
    JsonNode config = JsonFiles.read(file);
    if (!config.path("peft_type").asText("LORA").equals("LORA")) {
      throw wrong(file, "peft_type", config, "LORA", "give a LoRA adapter");
    }
    PLAIN.forEach(
        (key, values) -> {
          JsonNode found = config.path(key);
          if (!found.isMissingNode() && !found.isNull()) {
            String text = found.isTextual() ? found.asText() : found.toString();
            if (!values.contains(text)) {
              throw wrong(
                  file,
                  key,
                  config,
                  values.get(0) + " or null",
                  "merge it into its base with PEFT");
            }
          }
        });
    return new AdapterFolder(
        folder,
        base(file, config),
        lora(file, config),
        SafetensorsFile.open(folder.resolve(WEIGHTS)));
  }

  private static Lora lora(Path file, JsonNode config) {
    JsonNode r = config.path("r");
    if (!r.isInt() || r.asInt() < 1) {
      throw wrong(file, "r", config, "a whole number from 1 on", "mend the file");
    }
    JsonNode alpha = config.path("lora_alpha");
    if (!alpha.isNumber() || !(alpha.asDouble() > 0)) {
      throw wrong(file, "lora_alpha", config, "a number above 0", "mend the file");
    }
    List<String> modules = new ArrayList<>();
    JsonNode targets = config.path("target_modules");
    (targets.isTextual() ? List.of(targets) : targets).forEach(t -> modules.add(t.asText()));
    boolean all = modules.equals(List.of(Lora.ALL_LINEAR));
    if (modules.isEmpty() || !(all || Lora.MODULES.containsAll(modules))) {
      String allowed = "\"" + Lora.ALL_LINEAR + "\", or a list of " + Lora.MODULES;
      throw wrong(file, "target_modules", config, allowed, "merge it into its base with PEFT");
    }
    return new Lora(r.asInt(), alpha.asDouble(), modules);
  }

  /** As it stands there, or relative to the adapter or to the folder that holds it. */
  private static Path base(Path file, JsonNode config) {
    String name = config.path("base_model_name_or_path").asText("");
    try {
      Path adapter = file.toAbsolutePath().normalize().getParent();
      for (Path path :
          List.of(Path.of(name), adapter.resolve(name), adapter.resolveSibling(name))) {
        if (!name.isEmpty() && Files.isDirectory(path)) {
          return path.toAbsolutePath().normalize();
        }
      }
    } catch (InvalidPathException e) {
      // a name of a hub, with letters no path has here
    }
    throw wrong(
        file,
        "base_model_name_or_path",
        config,
        "the folder of the adapter's base model",
        "put its path there (nothing is fetched from a hub)");
  }

  private static UserError wrong(
      Path file, String key, JsonNode config, String allowed, String instead) {
    JsonNode found = config.path(key);
    return new UserError(
        "%s: %s is %s, allowed: %s; %s"
            .formatted(file, key, found.isMissingNode() ? "missing" : found, allowed, instead));
  }

  /** Where the adapter lies. */
  public Path folder() {
    return folder;
  }

  /** The folder of the model it belongs to. */
  public Path base() {
    return base;
  }

  /** Rank, scaling and layers. */
  public Lora lora() {
    return lora;
  }

  /**
   * Checks that exactly the adapters of a model are there, in their shapes.
   *
   * @throws UserError naming the first that is missing, misshapen or unknown
   */
  public void require(ModelConfig config) {
    Map<String, long[]> expected = ParameterLayout.shapes(config, lora);
    Path file = folder.resolve(WEIGHTS);
    expected.forEach(
        (name, shape) -> {
          if (!tensors.names().contains(name)) {
            throw new UserError(
                "%s: tensor %s %s is missing".formatted(file, name, Arrays.toString(shape)));
          }
          if (!Arrays.equals(tensors.shape(name), shape)) {
            throw new UserError(
                "%s: tensor %s has shape %s; r of %s and config.json of %s say %s"
                    .formatted(
                        file,
                        name,
                        Arrays.toString(tensors.shape(name)),
                        CONFIG,
                        base,
                        Arrays.toString(shape)));
          }
        });
    for (String name : tensors.names()) {
      if (!expected.containsKey(name)) {
        throw new UserError(
            "%s: tensor %s is no adapter of %s in target_modules %s"
                .formatted(file, name, base, lora.targetModules()));
      }
    }
  }

  @Override
  public void read(String name, long from, FloatBuffer target) {
    tensors.read(name, from, target);
  }

  @Override
  public void readDouble(String name, long from, DoubleBuffer target) {
    tensors.readDouble(name, from, target);
  }

  /** Writes the configuration of an adapter into its folder, with PEFT's keys. */
  public static void writeConfig(Path folder, Lora lora, Path base) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config = mapper.createObjectNode();
    config.put("peft_type", "LORA");
    config.put("task_type", "CAUSAL_LM");
    config.put("base_model_name_or_path", base.toString());
    config.put("inference_mode", true);
    config.put("r", lora.r());
    // PEFT expects a whole number, and works with any.
    if (lora.alpha() == Math.rint(lora.alpha())) {
      config.put("lora_alpha", (long) lora.alpha());
    } else {
      config.put("lora_alpha", lora.alpha());
    }
    config.put("lora_dropout", 0.0);
    config.put("bias", "none");
    config.put("fan_in_fan_out", false);
    config.put("init_lora_weights", true);
    lora.targetModules().forEach(config.withArray("target_modules")::add);
    Files.writeString(
        folder.resolve(CONFIG),
        mapper.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
  }
}
