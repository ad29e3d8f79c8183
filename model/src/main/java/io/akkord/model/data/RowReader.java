package io.akkord.model.data;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What a row of a data file may hold: {@code prompt/completion} (text, or lists of messages),
 * {@code messages}, {@code instruction[/input]/output} (prompt = instruction, input and a newline
 * after each), {@code text} (no prompt), or {@code prompt_ids/completion_ids}; {@code id}, {@code
 * origin} and, beside messages, {@code tools} are optional.
 */
final class RowReader {
  private static final int MAX_NAME = 1000;
  private static final String FORMS =
      "prompt/completion, messages, instruction/input/output, text, prompt_ids/completion_ids";

  private final Path file;
  private final String unit;
  private final Map<String, Integer> numberOfId = new HashMap<>();

  /**
   * For the rows of one file.
   *
   * @param unit what the file counts: line or row
   */
  RowReader(Path file, String unit) {
    this.file = file;
    this.unit = unit;
  }

  /**
   * The demonstration in a row.
   *
   * @param number 1-based
   * @throws UserError naming file and row
   */
  Demonstration row(int number, JsonNode node) {
    if (!node.isObject()) {
      throw error(number, "a JSON object is expected, found " + node.getNodeType());
    }
    String id = node.hasNonNull("id") ? name(number, node, "id") : unit + "-" + number;
    Integer earlier = numberOfId.putIfAbsent(id, number);
    if (earlier != null) {
      throw error(
          number, "id '%s' stands already in %s %d; ids must differ".formatted(id, unit, earlier));
    }
    boolean unsaid =
        node.path("origin").asText("").isEmpty() && !node.path("origin").isContainerNode();
    return content(number, id, node, unsaid ? "" : name(number, node, "origin"));
  }

  private Demonstration content(int number, String id, JsonNode node, String origin) {
    if (node.has("prompt_ids") || node.has("completion_ids")) {
      int[] prompt = ids(number, node, "prompt_ids");
      int[] completion = ids(number, node, "completion_ids");
      return new Demonstration(number, id, null, null, prompt, completion, null, origin);
    }
    if (node.has("messages")) {
      return chat(number, id, Conversation.read(node, p -> error(number, p)), origin);
    }
    if (node.path("prompt").isArray() && node.has("completion")) {
      return chat(number, id, Conversation.readSplit(node, p -> error(number, p)), origin);
    }
    if (node.has("prompt") && node.has("completion")) {
      return text(
          number, id, string(number, node, "prompt"), string(number, node, "completion"), origin);
    }
    if (node.has("instruction") && node.has("output")) {
      String input = node.hasNonNull("input") ? string(number, node, "input") : "";
      String prompt =
          string(number, node, "instruction") + (input.isEmpty() ? "" : "\n" + input) + "\n";
      return text(number, id, prompt, string(number, node, "output"), origin);
    }
    if (node.has("text")) {
      return text(number, id, "", string(number, node, "text"), origin);
    }
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    throw error(number, "found keys %s; a row has %s".formatted(keys, FORMS));
  }

  private static Demonstration chat(int number, String id, Conversation chat, String origin) {
    return new Demonstration(number, id, null, null, null, null, chat, origin);
  }

  private Demonstration text(
      int number, String id, String prompt, String completion, String origin) {
    if (completion.isEmpty()) {
      throw error(number, "the completion is empty; there is nothing to learn from it");
    }
    return new Demonstration(number, id, prompt, completion, null, null, null, origin);
  }

  private String name(int number, JsonNode node, String key) {
    JsonNode value = node.get(key);
    String text = value.asText();
    if (!value.isValueNode() || text.isEmpty() || text.length() > MAX_NAME) {
      throw error(
          number,
          "%s must be text or a number of 1 to %d characters, found %s"
              .formatted(
                  key, MAX_NAME, text.length() > MAX_NAME ? text.length() + " of them" : value));
    }
    return text;
  }

  private String string(int number, JsonNode node, String key) {
    return string(node.get(key), key, p -> error(number, p));
  }

  /** Text of whole characters. */
  static String string(JsonNode value, String key, Function<String, UserError> error) {
    if (!value.isTextual()) {
      throw error.apply("%s must be text, found %s".formatted(key, value.getNodeType()));
    }
    String text = value.textValue();
    if (text.codePoints().anyMatch(point -> point >= 0xd800 && point <= 0xdfff)) {
      throw error.apply(
          key
              + " holds half of a surrogate pair (an escape such as \\ud83d alone), which is no character; write the character whole or leave it out");
    }
    return text;
  }

  private int[] ids(int number, JsonNode node, String key) {
    JsonNode array = node.path(key);
    if (!array.isArray() || array.isEmpty()) {
      throw error(number, key + " must be a list with at least one token id");
    }
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      if (!array.get(i).isInt() || array.get(i).asInt() < 0) {
        throw error(number, "%s[%d] is %s, no token id".formatted(key, i, array.get(i)));
      }
      ids[i] = array.get(i).asInt();
    }
    return ids;
  }

  UserError error(int number, String problem) {
    return new UserError("%s, %s %d: %s".formatted(file, unit, number, problem));
  }
}
