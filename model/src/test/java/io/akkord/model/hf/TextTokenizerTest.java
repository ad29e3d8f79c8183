package io.akkord.model.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.TestModels;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextTokenizerTest {
  @TempDir Path temp;

  private static Path folder(String model) {
    return model.equals("stories260K")
        ? TestModels.stories260K()
        : Reference.path("text/minimind2-small");
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "minimind2-small"})
  void everyVectorOfTheReferenceIsReproduced(String model) {
    JsonNode vectors = Reference.json("text/tokenizer_vectors.json").get(model).get("vectors");
    assertThat(vectors.size()).isEqualTo(38);
    try (TextTokenizer tokenizer = TextTokenizer.open(folder(model))) {
      for (JsonNode vector : vectors) {
        String text = vector.get("text").textValue();
        int[] ids = Reference.ints(vector.get("ids"));
        int[] plain = Reference.ints(vector.get("ids_no_special"));
        assertThat(tokenizer.encode(text, true)).as(text).containsExactly(ids);
        assertThat(tokenizer.encode(text, false)).as(text).containsExactly(plain);
        assertThat(tokenizer.decode(ids, true))
            .isEqualTo(vector.get("decoded_skip_special").textValue());
      }
    }
  }

  @Test
  void theSpecialTokensAreThoseTheTokenizerNamesAlsoWhenGenerationStopsAtOthers() {
    try (TextTokenizer tokenizer = TextTokenizer.open(TestModels.stories260K())) {
      assertThat(tokenizer.bosId()).hasValue(1);
      assertThat(tokenizer.eosId()).isEqualTo(2);
    }
    assertThat(ModelConfig.read(TestModels.stories260K()).eosTokenIds()).containsExactly(1, 2);
  }

  @Test
  void aByteLevelTokenizerThatAddsNoBosStillNamesItsSpecialTokens() {
    try (TextTokenizer tokenizer = TextTokenizer.open(folder("minimind2-small"))) {
      assertThat(tokenizer.bosId()).hasValue(1);
      assertThat(tokenizer.eosId()).isEqualTo(2);
      assertThat(tokenizer.encode("", true)).isEmpty();
    }
  }

  @Test
  void specialTokensAreDecodedOnlyOnRequest() {
    try (TextTokenizer tokenizer = TextTokenizer.open(folder("minimind2-small"))) {
      int[] ids = tokenizer.encode("<|im_start|>hi<|im_end|>", true);
      assertThat(tokenizer.decode(ids, false)).isEqualTo("<|im_start|>hi<|im_end|>");
      assertThat(tokenizer.decode(ids, true)).isEqualTo("hi");
    }
  }

  @Test
  void longTextIsNotTruncated() {
    try (TextTokenizer tokenizer = TextTokenizer.open(TestModels.stories260K())) {
      String text = "x".repeat(20_000);
      int[] ids = tokenizer.encode(text, true);
      assertThat(ids.length).isGreaterThan(5_000);
      assertThat(tokenizer.decode(ids, true)).isEqualTo(text);
    }
  }

  @Test
  void aFolderWithoutTokenizerSaysWhatCanBeDone() {
    assertThatThrownBy(() -> TextTokenizer.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(temp.resolve("tokenizer.json") + " is missing")
        .hasMessageContaining("prompt_ids and completion_ids");
  }

  @Test
  void aDamagedTokenizerIsNamed() throws IOException {
    Files.writeString(temp.resolve("tokenizer.json"), "{\"model\": 7");
    assertThatThrownBy(() -> TextTokenizer.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(temp.resolve("tokenizer.json") + " cannot be used");
  }

  @Test
  void withoutNameInItsOwnFileTheEndTokenIsTheConfigurations() throws IOException {
    copy("tokenizer.json", "config.json");
    try (TextTokenizer tokenizer = TextTokenizer.open(temp)) {
      assertThat(tokenizer.eosId()).isEqualTo(2);
      assertThat(tokenizer.bosId()).isEmpty();
    }
  }

  @Test
  void aModelWithoutAnyEndTokenIsRefused() throws IOException {
    copy("tokenizer.json");
    String config = Files.readString(TestModels.stories260K().resolve("config.json"));
    Files.writeString(temp.resolve("config.json"), config.replace("\"eos_token_id\": 2,", ""));
    assertThatThrownBy(() -> TextTokenizer.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("names no eos_token and config.json no eos_token_id");
  }

  @Test
  void anEndTokenTheVocabularyLacksIsRefused() throws IOException {
    copy("tokenizer.json", "config.json");
    Files.writeString(temp.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|stop|>\"}");
    assertThatThrownBy(() -> TextTokenizer.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("tokenizer_config.json: eos_token is '<|stop|>'")
        .hasMessageContaining("not one token");
  }

  private void copy(String... names) throws IOException {
    for (String name : names) {
      Files.copy(TestModels.stories260K().resolve(name), temp.resolve(name));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "truncation | {\"direction\":\"Right\",\"max_length\":4,\"strategy\":\"LongestFirst\",\"stride\":0}",
        "padding | {\"strategy\":{\"Fixed\":64},\"direction\":\"Left\",\"pad_to_multiple_of\":8,\"pad_id\":2,\"pad_type_id\":0,\"pad_token\":\"</s>\"}"
      })
  void whatATokenizerFileSaysOfTruncationAndPaddingIsNotForTraining(String key, String value)
      throws IOException {
    copy("config.json", "tokenizer_config.json");
    String plain = Files.readString(TestModels.stories260K().resolve("tokenizer.json"));
    String changed = plain.replaceFirst("\"" + key + "\": *null", "\"" + key + "\": " + value);
    assertThat(changed).isNotEqualTo(plain);
    Files.writeString(temp.resolve("tokenizer.json"), changed);
    String text = "Once upon a time there was a little girl";
    try (TextTokenizer told = TextTokenizer.open(temp);
        TextTokenizer usual = TextTokenizer.open(TestModels.stories260K())) {
      assertThat(told.encode(text, true)).containsExactly(usual.encode(text, true));
    }
  }

  @Test
  void theBeginningOfATextHasNoneOfTheMarksThatStandBehindAFinishedOne() throws IOException {
    copy("config.json", "tokenizer_config.json");
    TestModels.writeTokenizerThatAppendsEos(temp.resolve("tokenizer.json"));
    try (TextTokenizer appends = TextTokenizer.open(temp)) {
      assertThat(appends.encode("Once upon", true)).containsExactly(1, 403, 407, 2);
      assertThat(appends.encodeBeginning("Once upon")).containsExactly(1, 403, 407);
      assertThat(appends.encodeBeginning("")).containsExactly(1);
      assertThat(appends.encodeBeginning("Once upon</s>")).containsExactly(1, 403, 407, 2);
    }
  }
}
