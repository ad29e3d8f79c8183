package io.akkord.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.Reference;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
  private static final List<Map<String, Object>> HELLO =
      List.of(Map.of("role", "user", "content", "Hello"));

  @TempDir Path folder;

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  @Test
  void everyReferenceConversationHasTheTextThatTransformersGives() throws IOException {
    JsonNode reference = Reference.json("chat/reference.json");
    SoftAssertions softly = new SoftAssertions();
    for (JsonNode c : reference.get("cases")) {
      JsonNode template = reference.get("templates").get(c.get("template").asText());
      write("chat_template.jinja", template.get("template").asText());
      write(
          "tokenizer_config.json",
          "{\"bos_token\": {\"content\": %s}}".formatted(template.get("bos_token")));
      ChatTemplate chat = ChatTemplate.read(folder);
      List<Map<String, Object>> messages = list(c.get("messages"));
      List<Object> tools = c.get("tools").isNull() ? null : list(c.get("tools"));
      softly
          .assertThat(chat.render(messages, tools, false))
          .as("%s, %s", c.get("template"), c.get("case"))
          .isEqualTo(c.get("text").asText());
      softly
          .assertThat(chat.render(messages, tools, true))
          .isEqualTo(c.get("text_generation_prompt").asText());
    }
    softly.assertAll();
  }

  @SuppressWarnings("unchecked")
  private static <T> List<T> list(JsonNode node) {
    return new ObjectMapper().convertValue(node, List.class);
  }

  @Test
  void theFileComesBeforeTheConfigurationAndADefaultIsChosenAmongSeveral() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"eos_token": "</s>", "chat_template": [
          {"name": "tool_use", "template": "no"},
          {"name": "default", "template": "{{ messages[0].content }}{{ eos_token }}"}]}
        """);
    assertThat(ChatTemplate.read(folder).render(HELLO, null, false)).isEqualTo("Hello</s>");
    write("chat_template.jinja", "{{ messages | length }}");
    assertThat(ChatTemplate.read(folder).render(HELLO, null, false)).isEqualTo("1");
  }

  @Test
  void theDateOfATemplateNeverChanges() throws IOException {
    write("chat_template.jinja", "{{ strftime_now('%d %b %Y') }}");
    assertThat(ChatTemplate.read(folder).render(HELLO, null, false)).isEqualTo("26 Jul 2024");
  }

  @Test
  void aMissingOrBrokenTemplateNamesTheFolderAndWhatToDo() throws IOException {
    assertThatThrownBy(() -> ChatTemplate.read(folder))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(folder + " has no chat template (chat_template.jinja, or")
        .hasMessageEndingWith("or give prompt and completion");
    write("chat_template.jinja", "\n{% for m in messages %}");
    assertThatThrownBy(() -> ChatTemplate.read(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "chat_template.jinja cannot be read: template line 2: {% endfor %} is missing");
  }
}
