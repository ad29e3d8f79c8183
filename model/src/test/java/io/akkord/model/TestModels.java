package io.akkord.model;

import java.nio.file.Files;
import java.nio.file.Path;

/** The demo's model and data, which tests read where they lie. */
public final class TestModels {
  private static final Path DEMO = Path.of("..", "deploy", "demo");

  private TestModels() {}

  /** A Llama of 260 thousand parameters with its tokenizer. */
  public static Path stories260K() {
    return existing(DEMO.resolve("models").resolve("stories260K"));
  }

  /** A thousand rows of prompt and completion. */
  public static Path mixedStories() {
    return existing(DEMO.resolve("data").resolve("mixed_stories.jsonl"));
  }

  private static Path existing(Path path) {
    if (!Files.exists(path)) {
      throw new IllegalStateException(
          "%s does not exist; tests run in the folder of their module, beside deploy/"
              .formatted(path.toAbsolutePath().normalize()));
    }
    return path;
  }
}
