package io.akkord.config;

import static io.akkord.config.ValueType.bool;
import static io.akkord.config.ValueType.choice;
import static io.akkord.config.ValueType.integer;
import static io.akkord.config.ValueType.memory;
import static io.akkord.config.ValueType.number;
import static io.akkord.config.ValueType.onOff;
import static io.akkord.config.ValueType.path;
import static io.akkord.config.ValueType.someOf;
import static io.akkord.config.ValueType.stepsOrShare;
import static io.akkord.config.ValueType.whole;

import io.akkord.model.engine.WireDtype;
import io.akkord.model.layout.Lora;
import io.akkord.model.objective.LossReduction;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.SampleWeight;
import io.akkord.model.objective.StatsScope;
import io.akkord.model.optim.LrSchedule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Every key of a recipe: its type and range, and whether it changes the bits of the result. */
final class RecipeKeys {
  /** Keys whose value is a mapping of further keys. */
  static final Set<String> SECTIONS = Set.of("cadft", "lora", "rewrite", "parameter_server");

  /** Those of them that can be off, and what messages call them. */
  static final Map<String, String> SWITCHED = Map.of("lora", "LoRA", "rewrite", "rewriting");

  /** One key; {@code name} is dotted inside a section. */
  record Key<T>(String name, ValueType<T> type, boolean changesResult) {
    Optional<Object> read(ValueType.Scalar scalar) {
      return type.reader().apply(scalar).map(value -> value);
    }

    @SuppressWarnings("unchecked")
    String text(Object value) {
      return type.writer().apply((T) value);
    }
  }

  private static final int MANY = 1_000_000_000;
  private static final Map<String, Key<?>> KEYS = new LinkedHashMap<>();

  static {
    ValueType<Double> positive = number("a number above 0", v -> v > 0);
    ValueType<Double> notNegative = number("a number from 0 on", v -> v >= 0);
    ValueType<Double> share = number("a number above 0 and up to 1", v -> v > 0 && v <= 1);
    ValueType<Double> belowOne = number("a number from 0 to below 1", v -> v >= 0 && v < 1);

    free("model_name_or_path", path("the folder of a model in Hugging Face layout"));
    free("train_file", path("a JSONL or Parquet file"));
    free("eval_file", path("a JSONL or Parquet file").orNull());
    free("output_dir", path("a folder"));

    result("loss_type", choice(LossType.class));
    result("sample_weight", choice(SampleWeight.class));
    result("loss_reduction", choice(LossReduction.class));
    result("cadft.beta", notNegative);
    result("cadft.epsilon", positive);
    result("cadft.stats_scope", choice(StatsScope.class));

    result("rewrite", onOff());
    result("rewrite.warmup", stepsOrShare());
    result("rewrite.every", stepsOrShare());
    result("rewrite.fraction", share);
    result("rewrite.probability", share);
    result("rewrite.min_visits", integer(1, MANY));
    result("rewrite.top_p", share);
    result("rewrite.temperature", notNegative);
    result("rewrite.max_new_tokens", integer(1, MANY));
    result("rewrite.score", choice(Recipe.Score.class));
    result("rewrite.decay", belowOne);
    result("rewrite.accept", choice(Recipe.Accept.class));
    result("rewrite.batch", integer(1, 4096));
    result("rewrite.candidates_per_sample", integer(1, 64));

    result("global_batch_size", integer(1, 1 << 20));
    result("micro_batch_size", integer(1, 1 << 16));
    result("logical_shards", integer(1, 4096));
    result("num_train_epochs", integer(1, MANY));
    result("max_steps", whole(1, MANY).orNull());
    result("max_length", integer(2, 1 << 20));
    result("too_long", choice(TooLong.class));
    result("packing", bool());
    result("shuffle", bool());
    result("seed", whole(0, 999_999_999_999_999_999L));

    result("learning_rate", positive);
    result("lr_scheduler_type", choice(LrSchedule.Kind.class));
    result("warmup_ratio", number("a number from 0 to 1", v -> v >= 0 && v <= 1).orNull());
    result("warmup_steps", whole(0, MANY).orNull());
    result("weight_decay", notNegative);
    result("adam_beta1", belowOne);
    result("adam_beta2", belowOne);
    result("adam_epsilon", positive);
    result("max_grad_norm", positive);

    result("device", choice(Device.class));
    result("dtype", choice(Dtype.class));
    result("wire_dtype", choice(WireDtype.class));
    result("threads", integer(1, 1024));
    result("gradient_checkpointing", bool());
    result("lora", onOff());
    result("lora.r", integer(1, 1 << 16));
    result("lora.alpha", positive);
    result("lora.target_modules", someOf(Lora.MODULES, Lora.ALL_LINEAR));
    free("held_forward_memory", memory());
    free("parameter_shards", integer(1, 4096).orNull());
    free("parameter_server.replicas", integer(0, 1));

    free("eval_steps", stepsOrShare().orNull());
    free("metric_for_best", choice(EvalMetric.class).orNull());
    free("save_steps", stepsOrShare().orNull());
    free("save_total_limit", integer(1, MANY).orNull());
    free("logging_steps", integer(1, MANY));
  }

  private RecipeKeys() {}

  private static void result(String name, ValueType<?> type) {
    KEYS.put(name, new Key<>(name, type, true));
  }

  private static void free(String name, ValueType<?> type) {
    KEYS.put(name, new Key<>(name, type, false));
  }

  static Map<String, Key<?>> all() {
    return KEYS;
  }

  /** The key of that name; it must exist. */
  static Key<?> of(String name) {
    return Optional.ofNullable(KEYS.get(name)).orElseThrow();
  }

  /** A recipe from its values by key; the keys of what can be off are read only if it is on. */
  static Recipe recipe(Map<String, Object> values) {
    return Records.create(
        Recipe.class,
        '_',
        name ->
            switch (name) {
              case "cadft" -> section(Recipe.Cadft.class, "cadft.", values);
              case "parameter_server" ->
                  section(Recipe.ParameterServer.class, "parameter_server.", values);
              case "lora" -> switched(Lora.class, "lora", values);
              case "rewrite" -> switched(Recipe.Rewrite.class, "rewrite", values);
              default -> values.get(name);
            });
  }

  /** The values of a recipe as text by key, in the order of the record; the reverse of reading. */
  static Map<String, String> texts(Recipe recipe) {
    Map<String, String> texts = new LinkedHashMap<>();
    Records.values(recipe, '_')
        .forEach(
            (name, value) -> {
              switch (name) {
                case "cadft" -> put(texts, "cadft.", recipe.cadft());
                case "parameter_server" ->
                    put(texts, "parameter_server.", recipe.parameterServer());
                case "lora" -> putSwitched(texts, "lora", recipe.lora());
                case "rewrite" -> putSwitched(texts, "rewrite", recipe.rewrite());
                default -> texts.put(name, of(name).text(value));
              }
            });
    return texts;
  }

  /** What the components of the records ask for: the keys a recipe must have. */
  static List<String> componentNames() {
    return Records.names(Recipe.class, '_').stream()
        .flatMap(
            name ->
                switch (name) {
                  case "cadft" ->
                      Records.names(Recipe.Cadft.class, '_').stream().map(n -> "cadft." + n);
                  case "parameter_server" ->
                      Records.names(Recipe.ParameterServer.class, '_').stream()
                          .map(n -> "parameter_server." + n);
                  case "lora" -> Records.names(Lora.class, '_').stream().map(n -> "lora." + n);
                  case "rewrite" ->
                      Records.names(Recipe.Rewrite.class, '_').stream().map(n -> "rewrite." + n);
                  default -> Stream.of(name);
                })
        .toList();
  }

  private static <R extends Record> Optional<R> switched(
      Class<R> type, String name, Map<String, Object> values) {
    return values.get(name).equals(true)
        ? Optional.of(section(type, name + ".", values))
        : Optional.empty();
  }

  private static void putSwitched(
      Map<String, String> texts, String name, Optional<? extends Record> section) {
    texts.put(name, Boolean.toString(section.isPresent()));
    section.ifPresent(s -> put(texts, name + ".", s));
  }

  private static <R extends Record> R section(
      Class<R> type, String prefix, Map<String, Object> values) {
    return Records.create(type, '_', name -> values.get(prefix + name));
  }

  private static void put(Map<String, String> texts, String prefix, Record section) {
    Records.values(section, '_')
        .forEach((name, value) -> texts.put(prefix + name, of(prefix + name).text(value)));
  }
}
