package io.akkord.deploy;

import io.akkord.model.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** A run of a tiny model without rewriting: a step takes some hundredths of a second. */
final class SmallRecipe {
  private SmallRecipe() {}

  /**
   * Writes {@code recipe.yaml} and its data.
   *
   * @param output of the run, unless {@code --set output_dir} says another
   */
  static Path write(Path folder, String output, int steps, int saveSteps) throws IOException {
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          folder.resolve("data.jsonl"), lines.limit(24).collect(Collectors.joining("\n")) + "\n");
    }
    return Files.writeString(
        folder.resolve("recipe.yaml"),
        """
        model_name_or_path: %s
        train_file: data.jsonl
        output_dir: %s
        global_batch_size: 8
        micro_batch_size: 2
        logical_shards: 4
        max_steps: %d
        max_length: 256
        too_long: truncate
        learning_rate: 1.0e-3
        rewrite: off
        save_steps: %d
        """
            .formatted(
                TestModels.stories260K().toAbsolutePath(),
                folder.resolve(output),
                steps,
                saveSteps));
  }
}
