package io.akkord.model.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.Reference;
import io.akkord.model.TestModels;
import io.akkord.model.UserError;
import io.akkord.model.hf.ModelConfig.Architecture;
import io.akkord.model.hf.ModelConfig.Llama3Scaling;
import io.akkord.model.hf.ModelConfig.Rope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {
  @TempDir Path temp;
  private String llama;

  @BeforeEach
  void readTheLlama() throws IOException {
    llama = Files.readString(TestModels.stories260K().resolve("config.json"));
  }

  private ModelConfig read(String config) {
    try {
      Files.writeString(temp.resolve("config.json"), config);
      return ModelConfig.read(temp);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The Llama's configuration with another value of a key. */
  private String with(String key, String value) {
    String changed =
        llama.replaceFirst(
            "\"" + key + "\": [^\\n]*?(,?)\\n", "\"" + key + "\": " + value + "$1\n");
    assertThat(changed).isNotEqualTo(llama);
    return changed;
  }

  private void refused(String config, String... parts) {
    assertThatThrownBy(() -> read(config))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(temp.resolve("config.json").toString())
        .hasMessageContainingAll(parts);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama_gqa_untied",
        "llama3_rope_tied",
        "qwen2_tied",
        "qwen2_bf16",
        "qwen3_untied",
        "mistral"
      })
  void theOldSpellingMeansTheSameAsTheNew(String name) throws IOException {
    ModelConfig current = ModelConfig.read(Reference.path(name + "/model"));
    Files.copy(
        Reference.path(name + "/model/generation_config.json"),
        temp.resolve("generation_config.json"));
    String old = Files.readString(Reference.path(name + "/config_old_spelling.json"));
    assertThat(old).doesNotContain("rope_parameters");
    assertThat(read(old)).isEqualTo(current);
  }

  @Test
  void everyNumberOfALlamaIsRead() {
    ModelConfig config = ModelConfig.read(TestModels.stories260K());
    assertThat(config.architecture()).isEqualTo(Architecture.LLAMA);
    assertThat(config.vocabSize()).isEqualTo(512);
    assertThat(config.hiddenSize()).isEqualTo(64);
    assertThat(config.intermediateSize()).isEqualTo(172);
    assertThat(config.layers()).isEqualTo(5);
    assertThat(config.heads()).isEqualTo(8);
    assertThat(config.kvHeads()).isEqualTo(4);
    assertThat(config.headDim()).isEqualTo(8);
    assertThat(config.rmsNormEps()).isEqualTo(1e-5);
    assertThat(config.tieWordEmbeddings()).isTrue();
    assertThat(config.rope()).isEqualTo(new Rope(10_000, Optional.empty()));
    assertThat(config.maxPositionEmbeddings()).isEqualTo(512);
    assertThat(config.bosTokenId()).hasValue(1);
    assertThat(config.padTokenId()).isEmpty();
  }

  @Test
  void llama3ScalingIsReadFromEitherSpelling() {
    String values =
        "\"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 16}";
    Rope rope = new Rope(10_000, Optional.of(new Llama3Scaling(8, 1, 4, 16)));
    assertThat(read(with("rope_scaling", "{\"rope_type\": \"llama3\", " + values)).rope())
        .isEqualTo(rope);
    assertThat(read(with("rope_scaling", "{\"type\": \"llama3\", " + values)).rope())
        .isEqualTo(rope);
    assertThat(
            read(with(
                    "rope_scaling",
                    "null, \"rope_parameters\": {\"rope_type\": \"llama3\", " + values))
                .rope())
        .isEqualTo(rope);
  }

  @Test
  void whatEndsAGenerationIsTheGenerationConfigurationsListFirst() throws IOException {
    assertThat(read(llama).eosTokenIds()).containsExactly(2);
    assertThat(read(with("eos_token_id", "[5, 6]")).eosTokenIds()).containsExactly(5, 6);
    Path generation = temp.resolve("generation_config.json");
    Files.writeString(generation, "{\"eos_token_id\": [7, 2, 9]}");
    assertThat(read(llama).eosTokenIds()).containsExactly(7, 2, 9);
    Files.writeString(generation, "{\"eos_token_id\": 8}");
    assertThat(read(llama).eosTokenIds()).containsExactly(8);
    Files.writeString(generation, "{\"eos_token_id\": null}");
    assertThat(read(llama).eosTokenIds()).containsExactly(2);
    assertThat(read(with("eos_token_id", "null")).eosTokenIds()).isEmpty();
  }

  @Test
  void anEndTokenThatIsNoTokenIdIsRefused() {
    refused(with("eos_token_id", "\"</s>\""), "eos_token_id is \"</s>\"", "token id");
    refused(with("eos_token_id", "[1, \"</s>\"]"), "eos_token_id is [1,\"</s>\"]", "token id");
    refused(with("bos_token_id", "\"<s>\""), "bos_token_id is \"<s>\"", "token id");
  }

  @Test
  void aNegativePadIdMeansThatThereIsNone() {
    assertThat(read(with("bos_token_id", "1, \"pad_token_id\": -1")).padTokenId()).isEmpty();
    assertThat(read(with("bos_token_id", "1, \"pad_token_id\": 0")).padTokenId()).hasValue(0);
  }

  @Test
  void otherArchitecturesAreRefusedWithTheListOfThoseThatAre() {
    assertThatThrownBy(() -> ModelConfig.read(Reference.path("gpt2/model")))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(
            "config.json",
            "architectures is [\"GPT2LMHeadModel\"]",
            "LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM");
    refused("{}", "architectures is missing", "LlamaForCausalLM");
    refused("[]", "architectures is missing");
    refused("", "architectures is missing");
  }

  @Test
  void aSlidingWindowThatWouldActIsRefused() {
    assertThatThrownBy(() -> ModelConfig.read(Reference.path("mistral_sliding/model")))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(
            "config.json", "sliding_window is ", "sliding-window attention is not supported yet");
  }

  @Test
  void aSlidingWindowThatIsOffOrNeverReachedIsTolerated() throws IOException {
    String mistral = Files.readString(Reference.path("mistral_sliding/model/config.json"));
    assertThat(mistral).containsPattern("\"sliding_window\": \\d+");
    read(mistral.replaceFirst("\"sliding_window\": \\d+", "\"sliding_window\": 1000000"));
    read(mistral.replaceFirst("\"sliding_window\": \\d+", "\"sliding_window\": null"));
    read(
        mistral
            .replace("MistralForCausalLM", "Qwen2ForCausalLM")
            .replaceFirst(
                "\"sliding_window\"", "\"use_sliding_window\": false, \"sliding_window\""));
  }

  @Test
  void unknownRotaryEmbeddingsAreRefused() {
    refused(
        with("rope_scaling", "{\"rope_type\": \"yarn\", \"factor\": 2}"),
        "rope_scaling.rope_type is 'yarn'",
        "default and llama3");
    refused(
        with("rope_scaling", "{\"type\": \"linear\", \"factor\": 2}"),
        "rope_scaling.rope_type is 'linear'");
    refused(
        with("rope_scaling", "null, \"rope_parameters\": {\"rope_type\": \"dynamic\"}"),
        "rope_parameters.rope_type is 'dynamic'");
    refused(
        with("rope_scaling", "{\"rope_type\": \"llama3\", \"factor\": \"8\"}"),
        "rope_scaling.factor is \"8\"",
        "number");
    refused(with("rope_scaling", "\"llama3\""), "rope_scaling is \"llama3\"", "object");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "rms_norm_eps"
      })
  void aMissingKeyIsNamed(String key) {
    String without = llama.replaceFirst("\"" + key + "\": [^\\n]*\\n", "");
    refused(without.replaceFirst(",\\s*}", "}"), "key " + key + " is missing");
    refused(with(key, "null"), "key " + key + " is missing");
  }

  @ParameterizedTest
  @CsvSource({
    "vocab_size, '\"512\"', positive whole number",
    "hidden_size, 64.5, positive whole number",
    "num_hidden_layers, 0, positive whole number",
    "num_attention_heads, -8, positive whole number",
    "num_key_value_heads, '[4]', positive whole number",
    "head_dim, '\"8\"', positive whole number",
    "head_dim, 7, even",
    "max_position_embeddings, '\"512\"', positive whole number",
    "rms_norm_eps, '\"small\"', positive number",
    "rms_norm_eps, 0, positive number",
    "rope_theta, '\"10000\"', positive number",
    "rope_theta, -1, positive number",
    "tie_word_embeddings, '\"yes\"', true or false",
    "attention_bias, 1, true or false",
    "mlp_bias, '\"no\"', true or false",
    "hidden_act, '\"gelu\"', only silu"
  })
  void aValueOfTheWrongKindIsShownWithWhatIsAllowed(String key, String value, String allowed) {
    refused(with(key, value), key + " is ", value.replace("\"", ""), allowed);
  }

  @Test
  void headsThatCannotBeSharedOutAreRefused() {
    refused(
        with("num_key_value_heads", "3"),
        "num_attention_heads is 8, which is no multiple of num_key_value_heads 3");
    refused(
        with("head_dim", "null").replace("\"hidden_size\": 64", "\"hidden_size\": 60"),
        "hidden_size 60 is no multiple of num_attention_heads 8");
  }

  @Test
  void withoutItsOwnKeyTheHeadSizeIsTheHiddenSizesShare() {
    assertThat(read(with("head_dim", "null")).headDim()).isEqualTo(8);
    assertThat(read(with("num_key_value_heads", "null")).kvHeads()).isEqualTo(8);
  }

  @Test
  void aMissingOrBrokenFileIsNamedWithItsLine() {
    assertThatThrownBy(() -> ModelConfig.read(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(temp.resolve("config.json") + " is missing");
    refused("{\n\"architectures\": [,]\n}", "config.json, line 2: not valid JSON");
  }

  @Test
  void biasesAndHeadNormsFollowTheArchitecture() {
    ModelConfig plain = read(llama);
    assertThat(plain.qkvBias() || plain.outputBias() || plain.qkNorm()).isFalse();
    ModelConfig biased = read(with("attention_bias", "true"));
    assertThat(biased.qkvBias() && biased.outputBias()).isTrue();
    ModelConfig qwen2 = read(llama.replace("LlamaForCausalLM", "Qwen2ForCausalLM"));
    assertThat(qwen2.qkvBias()).isTrue();
    assertThat(qwen2.outputBias()).isFalse();
    ModelConfig qwen3 = read(llama.replace("LlamaForCausalLM", "Qwen3ForCausalLM"));
    assertThat(qwen3.qkNorm()).isTrue();
    assertThat(qwen3.qkvBias()).isFalse();
    String mistral =
        with("attention_bias", "true").replace("LlamaForCausalLM", "MistralForCausalLM");
    assertThat(read(mistral).qkvBias()).isFalse();
  }

  @Test
  void quantizedWeightsAreRefused() {
    refused(
        llama.replaceFirst("\\{", "{\"quantization_config\": {\"quant_method\": \"awq\"},"),
        "quantization_config",
        "quantized (awq)",
        "plain F32, BF16 or F16 weights");
  }

  @Test
  void aPadTokenOutsideOfTheVocabularyIsRefused() throws IOException {
    String qwen = Files.readString(Reference.path("qwen2_tied/model/config.json"));
    int vocabulary = read(qwen).vocabSize();
    refused(
        qwen.replaceFirst("\"pad_token_id\": [^,]+", "\"pad_token_id\": " + vocabulary),
        "pad_token_id is %d, outside of the vocabulary of %d".formatted(vocabulary, vocabulary));
  }

  @Test
  void whatAMissingKeyMeansDiffersByArchitecture() throws IOException {
    String kvHeads = "\"num_key_value_heads\": \\d+,";
    assertThat(read(llama.replaceFirst(kvHeads, "")).kvHeads()).isEqualTo(read(llama).heads());
    String qwen3 = Files.readString(Reference.path("qwen3_untied/model/config.json"));
    refused(qwen3.replaceFirst(kvHeads, ""), "key num_key_value_heads is missing");
    refused(qwen3.replaceFirst("\"head_dim\": \\d+,", ""), "key head_dim is missing");
    String mistral = Files.readString(Reference.path("mistral/model/config.json"));
    String longer =
        mistral.replaceFirst(
            "\"max_position_embeddings\": \\d+", "\"max_position_embeddings\": 32768");
    assertThat(read(longer).maxPositionEmbeddings()).isEqualTo(32768);
    refused(longer.replaceFirst("\"sliding_window\": null,", ""), "sliding_window is 4096");
  }
}
