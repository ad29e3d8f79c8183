package io.akkord.model.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.Reference;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every template as transformers renders it, to the letter, and refused where it refuses. */
class JinjaTemplateTest {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);
  private static final LocalDateTime NOW = LocalDateTime.of(2024, 7, 26, 9, 5, 3);

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(JsonNode node) {
    return JSON.convertValue(node, LinkedHashMap.class);
  }

  private static Stream<JsonNode> snippets() {
    return StreamSupport.stream(
        Reference.json("chat/snippets.json").get("cases").spliterator(), false);
  }

  @ParameterizedTest
  @MethodSource("snippets")
  void aSnippetIsRenderedAsJinjaRendersIt(JsonNode snippet) {
    Map<String, Object> variables = map(Reference.json("chat/snippets.json").get("variables"));
    String template = snippet.get("template").asText();
    if (snippet.get("text").isNull()) {
      assertThatThrownBy(() -> JinjaTemplate.parse(template).render(variables, NOW))
          .isInstanceOf(JinjaException.class)
          .hasMessageStartingWith("template line 1: ");
    } else {
      assertThat(JinjaTemplate.parse(template).render(variables, NOW))
          .isEqualTo(snippet.get("text").asText());
    }
  }

  @Test
  void templatesOfManyFamiliesAreRenderedOrRefusedAsTransformersDoes() {
    JsonNode families = Reference.json("chat/families.json");
    SoftAssertions softly = new SoftAssertions();
    for (JsonNode c : families.get("cases")) {
      Map<String, Object> variables = new HashMap<>();
      variables.put("messages", map(c).get("messages"));
      variables.put("tools", map(c).get("tools"));
      variables.put("documents", null);
      variables.put("add_generation_prompt", c.get("gen").asBoolean());
      variables.put("bos_token", "<s>");
      variables.put("eos_token", "</s>");
      variables.put("pad_token", "<pad>");
      String template = families.get("templates").get(c.get("template").asText()).asText();
      String got;
      try {
        got = JinjaTemplate.parse(template).render(variables, NOW);
      } catch (JinjaException e) {
        got = null;
      }
      softly
          .assertThat(got)
          .as("%s, %s", c.get("template"), c.get("case"))
          .isEqualTo(c.get("text").textValue());
    }
    softly.assertAll();
    assertThat(families.get("cases").size()).isGreaterThan(100);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'a\nb\n{{ x.y }}' | template line 3: 'x' is undefined",
        "'{{ raise_exception(\"no\") }}' | template line 1: the template says: no",
        "'\n{% if a %}b' | template line 2: {% endif %} is missing",
        "'{{ 1 | frob }}' | template line 1: there is no filter 'frob'",
        "'{{ a ? }}' | template line 1: unexpected character '?'",
        "'{% frob %}' | template line 1: there is no tag 'frob'",
        "'{% set messages.x = 1 %}' | only attributes of a namespace can be set, not of messages",
      })
  void whatGoesWrongIsSaidWithItsLine(String template, String message) {
    assertThatThrownBy(() -> JinjaTemplate.parse(template.translateEscapes()).render(Map.of(), NOW))
        .isInstanceOf(JinjaException.class)
        .hasMessageContaining(message);
  }
}
