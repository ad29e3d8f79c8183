package io.akkord.model.data;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Messages of a row, as its JSON has them. The last one is the assistant's: it is the completion,
 * and all before it, earlier answers too, are the prompt (TRL's conversational prompt/completion).
 *
 * @param messages {@code role}, {@code content} and whatever else the template reads
 * @param tools descriptions of functions for the template; null if there are none
 */
public record Conversation(List<Map<String, Object>> messages, List<Object> tools) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool");

  /** Everything but the last message. */
  public List<Map<String, Object>> prompt() {
    return messages.subList(0, messages.size() - 1);
  }

  /**
   * From a row with {@code messages}.
   *
   * @param error makes the error of a problem in this row
   */
  static Conversation read(JsonNode row, Function<String, UserError> error) {
    List<Map<String, Object>> messages = messages(row, "messages", error);
    String last = (String) messages.get(messages.size() - 1).get("role");
    if (!last.equals("assistant")) {
      throw error.apply(
          "messages ends with the role %s; the last message must be the assistant's, for it is what is learned"
              .formatted(last));
    }
    if (messages.size() == 1) {
      throw error.apply("messages holds an answer alone; put the question before it");
    }
    return new Conversation(messages, tools(row, error));
  }

  /** From a row whose {@code prompt} and {@code completion} are lists of messages. */
  static Conversation readSplit(JsonNode row, Function<String, UserError> error) {
    List<Map<String, Object>> messages = new ArrayList<>(messages(row, "prompt", error));
    List<Map<String, Object>> completion = messages(row, "completion", error);
    if (completion.size() != 1 || !completion.get(0).get("role").equals("assistant")) {
      throw error.apply(
          "completion must hold one message of the assistant, found roles %s"
              .formatted(completion.stream().map(message -> message.get("role")).toList()));
    }
    messages.addAll(completion);
    return new Conversation(List.copyOf(messages), tools(row, error));
  }

  private static List<Map<String, Object>> messages(
      JsonNode row, String key, Function<String, UserError> error) {
    JsonNode array = row.get(key);
    if (!array.isArray() || array.isEmpty()) {
      throw error.apply(key + " must be a list of at least one message with role and content");
    }
    List<Map<String, Object>> messages = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      messages.add(message(array.get(i), "%s[%d]".formatted(key, i), error));
    }
    return List.copyOf(messages);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> message(
      JsonNode message, String name, Function<String, UserError> error) {
    if (!message.isObject()) {
      throw error.apply(
          "%s must be an object with role and content, found %s"
              .formatted(name, message.getNodeType()));
    }
    JsonNode role = message.path("role");
    if (!role.isTextual() || !ROLES.contains(role.textValue())) {
      throw error.apply(
          "%s.role is %s; allowed are system, developer, user, assistant and tool"
              .formatted(name, role.isMissingNode() ? "missing" : role));
    }
    boolean calls = role.textValue().equals("assistant") && !message.path("tool_calls").isEmpty();
    JsonNode content = message.path("content");
    if (content.isMissingNode() || content.isNull()) {
      if (!calls) {
        throw error.apply(name + ".content is missing; it must be text");
      }
    } else if (RowReader.string(content, name + ".content", error).isBlank() && !calls) {
      throw error.apply(name + ".content is empty");
    }
    return JSON.convertValue(message, Map.class);
  }

  @SuppressWarnings("unchecked")
  private static List<Object> tools(JsonNode row, Function<String, UserError> error) {
    JsonNode tools = row.path("tools");
    if (tools.isMissingNode() || tools.isNull()) {
      return null;
    }
    if (!tools.isArray()) {
      throw error.apply("tools must be a list of functions, found " + tools.getNodeType());
    }
    return tools.isEmpty() ? null : JSON.convertValue(tools, List.class);
  }
}
