package io.akkord.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
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

  /** The stories model's tokenizer, but with a post-processor that puts EOS behind every text. */
  public static void writeTokenizerThatAppendsEos(Path target) throws IOException {
    ObjectMapper json = new ObjectMapper();
    JsonNode tokenizer = json.readTree(stories260K().resolve("tokenizer.json").toFile());
    JsonNode processor = tokenizer.get("post_processor");
    ((ArrayNode) processor.get("single"))
        .add(json.readTree("{\"SpecialToken\":{\"id\":\"</s>\",\"type_id\":0}}"));
    ((ObjectNode) processor.get("special_tokens"))
        .set("</s>", json.readTree("{\"id\":\"</s>\",\"ids\":[2],\"tokens\":[\"</s>\"]}"));
    json.writeValue(target.toFile(), tokenizer);
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
