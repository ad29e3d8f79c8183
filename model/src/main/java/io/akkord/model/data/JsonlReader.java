package io.akkord.model.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.UserError;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
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
  private static final char BYTE_ORDER_MARK = '\ufeff';
  private static final int MAX_NAME = 1000;
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
    int line = 0;
    int rows = 0;
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(Files.newInputStream(file), strictUtf8()))) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        line++;
        if (!text.isBlank()) {
          boolean marked = line == 1 && text.charAt(0) == BYTE_ORDER_MARK;
          consumer.accept(row(line, marked ? text.substring(1) : text));
          rows++;
        }
      }
    } catch (CharacterCodingException e) {
      throw new UserError(
          "%s, line %d: not UTF-8 text; convert the file to UTF-8"
              .formatted(file, firstLineThatIsNotUtf8()),
          e);
    } catch (IOException e) {
      throw new UserError("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
    if (rows == 0) {
      throw new UserError(file + " holds no row; one JSON object a line is expected");
    }
  }

  private static CharsetDecoder strictUtf8() {
    return StandardCharsets.UTF_8
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT);
  }

  /** The buffered reader fails far ahead of the line it returns next, hence the second look. */
  private int firstLineThatIsNotUtf8() {
    int line = 1;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (int next = in.read(); next >= 0; next = in.read()) {
        bytes.write(next);
        if (next == '\n') {
          strictUtf8().decode(ByteBuffer.wrap(bytes.toByteArray()));
          bytes.reset();
          line++;
        }
      }
      return line;
    } catch (IOException e) {
      return line;
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
    String id = node.hasNonNull("id") ? name(line, node, "id") : "line-" + line;
    Integer earlier = lineOfId.putIfAbsent(id, line);
    if (earlier != null) {
      throw error(
          line, "id '%s' stands already in line %d; ids must differ".formatted(id, earlier));
    }
    boolean unsaid =
        node.path("origin").asText("").isEmpty() && !node.path("origin").isContainerNode();
    return content(line, id, node, unsaid ? "" : name(line, node, "origin"));
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

  private String name(int line, JsonNode node, String key) {
    JsonNode value = node.get(key);
    String text = value.asText();
    if (!value.isValueNode() || text.isEmpty() || text.length() > MAX_NAME) {
      throw error(
          line,
          "%s must be text or a number of 1 to %d characters, found %s"
              .formatted(
                  key, MAX_NAME, text.length() > MAX_NAME ? text.length() + " of them" : value));
    }
    return text;
  }

  private String string(int line, JsonNode node, String key) {
    if (!node.get(key).isTextual()) {
      throw error(line, "%s must be text, found %s".formatted(key, node.get(key).getNodeType()));
    }
    String text = node.get(key).textValue();
    if (text.codePoints().anyMatch(point -> point >= 0xd800 && point <= 0xdfff)) {
      throw error(
          line,
          key
              + " holds half of a surrogate pair (an escape such as \\ud83d alone), which is no character; write the character whole or leave it out");
    }
    return text;
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
