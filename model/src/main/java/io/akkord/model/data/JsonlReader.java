package io.akkord.model.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Reads demonstrations row by row: {@code prompt/completion}, {@code instruction[/input]/output}
 * (prompt = instruction, input and a newline after each), {@code text} (no prompt), or {@code
 * prompt_ids/completion_ids}; {@code id} and {@code origin} are optional.
 */
public final class JsonlReader {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final String FORMS =
      "prompt/completion, instruction/input/output, text, prompt_ids/completion_ids";

  private final Path file;
  private final Map<String, Integer> lineOfId = new HashMap<>();

  private JsonlReader(Path file) {
    this.file = file;
  }

  /** All rows of a file. */
  public static List<Demonstration> readAll(Path file) {
    List<Demonstration> rows = new ArrayList<>();
    read(file, rows::add);
    return rows;
  }

  /**
   * Hands every row to a consumer, in file order.
   *
   * @throws UserError naming file and line of the first bad row
   */
  public static void read(Path file, Consumer<Demonstration> consumer) {
    new JsonlReader(file).run(consumer);
  }

  private void run(Consumer<Demonstration> consumer) {
    if (file.toString().endsWith(".parquet")) {
      throw new UserError(file + ": Parquet is not supported yet; convert the file to JSONL");
    }
    if (!Files.isRegularFile(file)) {
      throw new UserError("data file %s does not exist".formatted(file));
    }
    var decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    int line = 0;
    int rows = 0;
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(Files.newInputStream(file), decoder))) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        line++;
        if (!text.isBlank()) {
          consumer.accept(row(line, text));
          rows++;
        }
      }
    } catch (CharacterCodingException e) {
      throw new UserError("%s, after line %d: not UTF-8 text".formatted(file, line), e);
    } catch (IOException e) {
      throw new UserError("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
    if (rows == 0) {
      throw new UserError(file + " holds no row; one JSON object a line is expected");
    }
  }

  private Demonstration row(int line, String text) {
    JsonNode node;
    try {
      node = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw error(
          line,
          "not valid JSON at column %d (%s)"
              .formatted(e.getLocation().getColumnNr(), e.getOriginalMessage()));
    }
    if (!node.isObject()) {
      throw error(line, "a JSON object is expected, found " + node.getNodeType());
    }
    String id = node.hasNonNull("id") ? node.get("id").asText() : "line-" + line;
    Integer earlier = lineOfId.putIfAbsent(id, line);
    if (earlier != null) {
      throw error(
          line, "id '%s' stands already in line %d; ids must differ".formatted(id, earlier));
    }
    return content(line, id, node, node.path("origin").asText(""));
  }

  private Demonstration content(int line, String id, JsonNode node, String origin) {
    if (node.has("prompt_ids") || node.has("completion_ids")) {
      int[] prompt = ids(line, node, "prompt_ids");
      int[] completion = ids(line, node, "completion_ids");
      return new Demonstration(line, id, null, null, prompt, completion, origin);
    }
    if (node.has("prompt") && node.has("completion")) {
      return text(line, id, string(line, node, "prompt"), string(line, node, "completion"), origin);
    }
    if (node.has("instruction") && node.has("output")) {
      String input = node.hasNonNull("input") ? string(line, node, "input") : "";
      String prompt =
          string(line, node, "instruction") + (input.isEmpty() ? "" : "\n" + input) + "\n";
      return text(line, id, prompt, string(line, node, "output"), origin);
    }
    if (node.has("text")) {
      return text(line, id, "", string(line, node, "text"), origin);
    }
    if (node.has("messages")) {
      throw error(
          line, "chat rows (messages) are not supported yet; give prompt and completion instead");
    }
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    throw error(line, "found keys %s; a row has %s".formatted(keys, FORMS));
  }

  private Demonstration text(int line, String id, String prompt, String completion, String origin) {
    if (completion.isEmpty()) {
      throw error(line, "the completion is empty; there is nothing to learn from it");
    }
    return new Demonstration(line, id, prompt, completion, null, null, origin);
  }

  private String string(int line, JsonNode node, String key) {
    if (!node.get(key).isTextual()) {
      throw error(line, "%s must be text, found %s".formatted(key, node.get(key).getNodeType()));
    }
    return node.get(key).textValue();
  }

  private int[] ids(int line, JsonNode node, String key) {
    JsonNode array = node.path(key);
    if (!array.isArray() || array.isEmpty()) {
      throw error(line, key + " must be a list with at least one token id");
    }
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      if (!array.get(i).isInt() || array.get(i).asInt() < 0) {
        throw error(line, "%s[%d] is %s, no token id".formatted(key, i, array.get(i)));
      }
      ids[i] = array.get(i).asInt();
    }
    return ids;
  }

  private UserError error(int line, String problem) {
    return new UserError("%s, line %d: %s".formatted(file, line, problem));
  }
}
