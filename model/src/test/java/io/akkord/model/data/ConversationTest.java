package io.akkord.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows of messages become the tokens that transformers gives them. */
class ConversationTest {
  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"One\"},{\"role\":\"assistant\",\"content\":\"Two\"}]}";

  @TempDir Path folder;

  /** A tokenizer with its template, and a configuration whose vocabulary is large enough. */
  private Path model(String name) throws IOException {
    Path model = Files.createDirectories(folder.resolve(name));
    for (String file : List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")) {
      Files.copy(
          Reference.path("chat/" + name + "/" + file),
          model.resolve(file),
          StandardCopyOption.REPLACE_EXISTING);
    }
    String config = Files.readString(Reference.path("qwen2_tied/model/config.json"));
    Files.writeString(
        model.resolve("config.json"),
        config.replaceFirst("\"vocab_size\": \\d+", "\"vocab_size\": 5000"));
    return model;
  }

  private List<TokenizedSample> samples(Path model, List<String> rows) throws IOException {
    Path data = Files.write(folder.resolve("rows.jsonl"), rows);
    TokenizeOptions options = new TokenizeOptions(4096, TokenizeOptions.TooLong.ERROR, true);
    List<TokenizedSample> samples = new ArrayList<>();
    try (TokenFile file =
        TokenFile.build(data, model, options, folder.resolve("rows.tokens"), note -> {})) {
      for (int i = 0; i < file.size(); i++) {
        samples.add(file.sample(i));
      }
    }
    return samples;
  }

  @ParameterizedTest
  @CsvSource({"qwen2_5,tiny_chatml", "llama3,tiny_llama3"})
  void promptAndAnswerHaveTheIdsOfTransformers(String template, String tokenizer)
      throws IOException {
    List<String> rows = new ArrayList<>();
    List<JsonNode> expected = new ArrayList<>();
    for (JsonNode c : Reference.json("chat/reference.json").get("cases")) {
      boolean answers = c.hasNonNull("prompt_text") && !c.get("case").asText().startsWith("empty");
      if (c.get("template").asText().equals(template) && answers) {
        String tools = c.get("tools").isNull() ? "" : ", \"tools\": " + c.get("tools");
        rows.add("{\"messages\": %s%s}".formatted(c.get("messages"), tools));
        expected.add(c.get("tokenized").get(tokenizer));
      }
    }
    List<TokenizedSample> samples = samples(model(tokenizer), rows);
    assertThat(samples).hasSizeGreaterThan(6).hasSameSizeAs(expected);
    for (int i = 0; i < samples.size(); i++) {
      int[] prompt = Reference.ints(expected.get(i).get("prompt_ids"));
      int[] whole = Reference.ints(expected.get(i).get("input_ids"));
      assertThat(samples.get(i).promptIds()).containsExactly(prompt);
      assertThat(samples.get(i).completionIds())
          .containsExactly(Arrays.copyOfRange(whole, prompt.length, whole.length));
    }
  }

  @Test
  void onlyTheLastAnswerIsLearned() throws IOException {
    Path model = model("tiny_chatml");
    String earlier =
        "{\"role\":\"user\",\"content\":\"One\"},{\"role\":\"assistant\",\"content\":\"Zero\"},";
    List<TokenizedSample> samples =
        samples(model, List.of(ROW, ROW.replace("[{", "[" + earlier + "{")));
    assertThat(samples.get(1).completionIds()).containsExactly(samples.get(0).completionIds());
    assertThat(samples.get(1).promptIds()).hasSizeGreaterThan(samples.get(0).promptIds().length);
  }

  @Test
  void promptAndCompletionOfMessagesAreTheSameAsMessages() throws IOException {
    String split = ROW.replace("messages", "prompt").replace("},{", "}],\"completion\":[{");
    List<TokenizedSample> samples = samples(model("tiny_llama3"), List.of(ROW, split));
    assertThat(samples.get(1).promptIds()).containsExactly(samples.get(0).promptIds());
    assertThat(samples.get(1).completionIds()).containsExactly(samples.get(0).completionIds());
  }

  private void assertRefused(Path model, String problem) {
    assertThatThrownBy(
            () -> samples(model, List.of("{\"prompt\":\"a\",\"completion\":\"b\"}", ROW)))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(
            folder.resolve("rows.jsonl") + ", line 2 (id line-2): " + problem.formatted(model));
  }

  @Test
  void aMissingTemplateNamesTheRowThatNeedsIt() throws IOException {
    Path model = model("tiny_llama3");
    Files.delete(model.resolve("chat_template.jinja"));
    assertRefused(model, "%s has no chat template (");
  }

  @Test
  void aTemplateThatRefusesTheMessagesIsQuotedWithTheRow() throws IOException {
    Path model = model("tiny_llama3");
    Files.writeString(model.resolve("chat_template.jinja"), "{{ raise_exception('only cats') }}");
    assertRefused(
        model,
        "the chat template of %s/chat_template.jinja does not take these messages: template line 1: the template says: only cats");
  }

  @Test
  void aPromptThatIsWrittenOtherwiseInFrontOfTheAnswerIsRefused() throws IOException {
    Path model = model("tiny_llama3");
    Files.writeString(
        model.resolve("chat_template.jinja"), "{{ messages | length }}{{ bos_token }}");
    assertRefused(model, "the chat template of %s/chat_template.jinja writes the prompt otherwise");
  }

  @Test
  void aChangedTemplateMakesOtherTokens() throws IOException {
    Path model = model("tiny_llama3");
    int before = samples(model, List.of(ROW)).get(0).promptIds().length;
    Path template = model.resolve("chat_template.jinja");
    Files.writeString(template, "Well: " + Files.readString(template));
    assertThat(samples(model, List.of(ROW)).get(0).promptIds()).hasSizeGreaterThan(before);
  }
}
