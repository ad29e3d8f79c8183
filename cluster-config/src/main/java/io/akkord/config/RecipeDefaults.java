package io.akkord.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The defaults of all recipe keys, as {@code recipe-defaults.yaml} has them. */
final class RecipeDefaults {
  private static final String FILE = "recipe-defaults.yaml";

  private RecipeDefaults() {}

  /** The file's keys in its order. */
  static List<RecipeYaml.Entry> entries() {
    List<String> problems = new ArrayList<>();
    List<RecipeYaml.Entry> entries =
        RecipeYaml.read(FILE, resource(), line -> Origin.DEFAULT, problems);
    if (!problems.isEmpty()) {
      throw new IllegalStateException(String.join("\n", problems));
    }
    return entries;
  }

  /** The defaults by key, written as recipes write them; keys without a default are left out. */
  static Map<String, String> texts() {
    Map<String, String> texts = new LinkedHashMap<>();
    for (RecipeYaml.Entry entry : entries()) {
      RecipeKeys.Key<?> key = RecipeKeys.all().get(entry.name());
      if (key != null) {
        RecipeYaml.scalarOf(entry.value())
            .flatMap(key::read)
            .ifPresent(value -> texts.put(entry.name(), key.text(value)));
      }
    }
    return texts;
  }

  /** The default of one key, as recipes write it; empty if the recipe must name it. */
  static Optional<String> text(RecipeKeys.Key<?> key) {
    return Optional.ofNullable(texts().get(key.name()));
  }

  /** The default of one key; a path of no meaning if the recipe must name it. */
  static Object value(RecipeKeys.Key<?> key) {
    String text = text(key).orElse("not-named");
    return key.read(new ValueType.Scalar(text, true)).orElseThrow();
  }

  static Recipe.Rewrite rewrite() {
    return Records.create(
        Recipe.Rewrite.class, '_', name -> value(RecipeKeys.of("rewrite." + name)));
  }

  private static String resource() {
    try (InputStream in = RecipeDefaults.class.getResourceAsStream(FILE)) {
      if (in == null) {
        throw new IllegalStateException(FILE + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
