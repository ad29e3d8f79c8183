package io.akkord.model.chat;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import io.akkord.model.chat.jinja.JinjaException;
import io.akkord.model.chat.jinja.JinjaTemplate;
import io.akkord.model.hf.JsonFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A model folder's chat template: {@code chat_template.jinja}, else {@code chat_template} of {@code
 * tokenizer_config.json}, rendered as transformers' {@code apply_chat_template} does.
 */
public final class ChatTemplate {
  /**
   * What {@code strftime_now} says: text must be a function of the data, not of the day it is read.
   * It is the date that Llama 3's own template falls back to.
   */
  static final LocalDateTime TODAY = LocalDateTime.of(2024, 7, 26, 0, 0);

  private static final List<String> SPECIAL_TOKENS =
      List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token");

  private final Path source;
  private final JinjaTemplate template;
  private final Map<String, Object> specialTokens;

  private ChatTemplate(Path source, JinjaTemplate template, Map<String, Object> specialTokens) {
    this.source = source;
    this.template = template;
    this.specialTokens = specialTokens;
  }

  /**
   * Reads the template of a model folder.
   *
   * @throws UserError if there is none or it cannot be parsed
   */
  public static ChatTemplate read(Path folder) {
    Path file = folder.resolve("chat_template.jinja");
    Path config = folder.resolve("tokenizer_config.json");
    JsonNode settings = Files.isRegularFile(config) ? JsonFiles.read(config) : null;
    boolean own = Files.isRegularFile(file);
    String text = own ? text(file) : settings == null ? "" : inConfig(settings);
    if (text.isEmpty()) {
      throw new UserError(
          "%s has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json), so messages cannot become text; put the template of the model's family there, or give prompt and completion"
              .formatted(folder));
    }
    Path source = own ? file : config;
    try {
      return new ChatTemplate(source, JinjaTemplate.parse(text), specialTokens(settings));
    } catch (JinjaException e) {
      throw new UserError(
          "the chat template in %s cannot be read: %s".formatted(source, e.getMessage()), e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UserError("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** One template, or several with names, of which one is the default. */
  private static String inConfig(JsonNode settings) {
    JsonNode node = settings.path("chat_template");
    for (JsonNode named : node) {
      if (named.path("name").asText().equals("default")) {
        return named.path("template").asText();
      }
    }
    return node.asText("");
  }

  private static Map<String, Object> specialTokens(JsonNode settings) {
    Map<String, Object> tokens = new HashMap<>();
    for (String name : settings == null ? List.<String>of() : SPECIAL_TOKENS) {
      JsonNode token = settings.path(name);
      String text = token.isObject() ? token.path("content").asText() : token.asText("");
      if (!token.isNull() && !text.isEmpty()) {
        tokens.put(name, text);
      }
    }
    return tokens;
  }

  /** Where the template stands. */
  public Path source() {
    return source;
  }

  /**
   * The text of a conversation.
   *
   * @param tools null if there are none
   * @param generationPrompt whether the text ends where the assistant's answer would begin
   * @throws JinjaException if the template refuses the conversation
   */
  public String render(
      List<Map<String, Object>> messages, List<Object> tools, boolean generationPrompt) {
    Map<String, Object> variables = new HashMap<>(specialTokens);
    variables.put("messages", messages);
    variables.put("tools", tools);
    variables.put("documents", null);
    variables.put("add_generation_prompt", generationPrompt);
    return template.render(variables, TODAY);
  }
}
