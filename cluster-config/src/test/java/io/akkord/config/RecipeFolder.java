package io.akkord.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A folder with a model, data and a recipe that names nothing but what it must. */
record RecipeFolder(Path folder) {
  static final String REQUIRED =
      """
      model_name_or_path: model
      train_file: data.jsonl
      output_dir: runs/first
      """;

  static RecipeFolder in(Path folder) {
    try {
      Files.createDirectories(folder.resolve("model"));
      Files.writeString(folder.resolve("data.jsonl"), "{}\n");
      Files.writeString(folder.resolve("held-out.jsonl"), "{}\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new RecipeFolder(folder);
  }

  /** Reads a recipe of the three required lines and {@code more}, which starts at line 4. */
  EffectiveRecipe read(String more, String... sets) {
    return readText(REQUIRED + more, sets);
  }

  EffectiveRecipe readText(String text, String... sets) {
    Path file = folder.resolve("recipe.yaml");
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return RecipeReader.read(file, List.of(sets));
  }

  Recipe recipe(String more, String... sets) {
    return read(more, sets).recipe();
  }
}
