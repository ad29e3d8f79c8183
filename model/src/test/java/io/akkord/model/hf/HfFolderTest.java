package io.akkord.model.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.Reference;
import io.akkord.model.TestModels;
import io.akkord.model.UserError;
import io.akkord.model.hf.SafetensorsWriter.Entry;
import io.akkord.model.layout.ParameterLayout;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HfFolderTest {
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir Path temp;

  private static Map<String, long[]> shapes(HfFolder folder) {
    return new LinkedHashMap<>(ParameterLayout.shapes(folder.config()));
  }

  private static float[] values(HfFolder folder, String name) {
    long elements = 1;
    for (long dimension : folder.shape(name)) {
      elements *= dimension;
    }
    FloatBuffer buffer = FloatBuffer.allocate((int) elements);
    folder.read(name, 0, buffer);
    return buffer.array();
  }

  /** A folder with the tied stories model's configuration and tensors of the given shapes. */
  private HfFolder tied(Map<String, long[]> tensors) throws IOException {
    HfFolder.open(TestModels.stories260K()).copyMetadataTo(temp);
    List<Entry> entries = new ArrayList<>();
    tensors.forEach((name, shape) -> entries.add(new Entry(name, "F32", shape, (from, to) -> {})));
    SafetensorsWriter.write(temp.resolve("model.safetensors"), entries, Map.of());
    return HfFolder.open(temp);
  }

  private static Map<String, long[]> stories() {
    return shapes(HfFolder.open(TestModels.stories260K()));
  }

  @Test
  void aShardedFolderHoldsTheSameWeightsAsASingleFile() {
    HfFolder sharded = HfFolder.open(Reference.path("llama_sharded/model"));
    HfFolder single = HfFolder.open(Reference.path("llama_gqa_untied/model"));
    assertThat(sharded.tensorNames()).containsExactlyInAnyOrderElementsOf(single.tensorNames());
    assertThat(single.tensorNames()).hasSizeGreaterThan(20);
    for (String name : single.tensorNames()) {
      assertThat(sharded.shape(name)).containsExactly(single.shape(name));
      assertThat(values(sharded, name)).containsExactly(values(single, name));
    }
    assertThatCode(() -> sharded.require(shapes(single))).doesNotThrowAnyException();
  }

  @Test
  void everyShardMustBeThereAndHoldWhatTheIndexSays() throws IOException {
    Path source = Reference.path("llama_sharded/model");
    HfFolder.open(source).copyMetadataTo(temp);
    Files.copy(source.resolve(INDEX), temp.resolve(INDEX));
    assertThatThrownBy(() -> HfFolder.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("-of-00007.safetensors is missing");

    String shard = "model-00001-of-00007.safetensors";
    Files.copy(source.resolve(shard), temp.resolve(shard));
    Files.writeString(temp.resolve(INDEX), "{\"weight_map\":{\"ghost\":\"" + shard + "\"}}");
    assertThatThrownBy(() -> HfFolder.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(INDEX + ": tensor ghost should be in " + shard);

    Files.writeString(temp.resolve(INDEX), "{}");
    assertThatThrownBy(() -> HfFolder.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(INDEX + " has no weight_map");
  }

  @Test
  void missingMisshapenAndUnknownTensorsAreAllNamedAtOnce() {
    HfFolder folder = HfFolder.open(TestModels.stories260K());
    Map<String, long[]> expected = shapes(folder);
    expected.remove("model.norm.weight");
    expected.put("model.embed_tokens.weight", new long[] {513, 64});
    expected.put("model.layers.5.mlp.up_proj.weight", new long[] {172, 64});
    assertThatThrownBy(() -> folder.require(expected))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(
            folder.folder() + " does not fit its config.json",
            "tensor model.layers.5.mlp.up_proj.weight [172, 64] is missing",
            "tensor model.embed_tokens.weight has shape [512, 64], config.json says [513, 64]",
            "tensor model.norm.weight is not a parameter of this architecture");
  }

  @Test
  void aLongListOfProblemsIsCutShort() {
    HfFolder folder = HfFolder.open(TestModels.stories260K());
    Map<String, long[]> expected = shapes(folder);
    for (int i = 0; i < 13; i++) {
      expected.put("extra." + i, new long[] {1});
    }
    assertThatThrownBy(() -> folder.require(expected))
        .hasMessageContaining("and 3 more")
        .hasMessageNotContaining("%n");
  }

  @Test
  void aTiedModelMayCarryACopyOfItsEmbeddingAsHead() throws IOException {
    Map<String, long[]> tensors = stories();
    tensors.put("lm_head.weight", new long[] {512, 64});
    tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", new long[] {4});
    HfFolder folder = tied(tensors);
    assertThatCode(() -> folder.require(stories())).doesNotThrowAnyException();
  }

  @Test
  void theHeadOfAnUntiedModelIsNoHarmlessCopy() {
    HfFolder untied = HfFolder.open(Reference.path("llama_gqa_untied/model"));
    Map<String, long[]> expected = new HashMap<>(shapes(untied));
    assertThat(expected.remove("lm_head.weight")).isNotNull();
    assertThatThrownBy(() -> untied.require(expected))
        .hasMessageContaining("tensor lm_head.weight is not a parameter of this architecture");
  }

  @Test
  void aModelWithAnUnknownTensorIsRefused() throws IOException {
    Map<String, long[]> tensors = stories();
    tensors.put("model.layers.0.self_attn.q_proj.bias", new long[] {64});
    HfFolder folder = tied(tensors);
    assertThatThrownBy(() -> folder.require(stories()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("model.layers.0.self_attn.q_proj.bias is not a parameter");
  }

  @Test
  void foldersWithoutWeightsAreRefused() throws IOException {
    assertThatThrownBy(() -> HfFolder.open(temp.resolve("nowhere")))
        .isInstanceOf(UserError.class)
        .hasMessage("model folder %s does not exist".formatted(temp.resolve("nowhere")));
    HfFolder.open(TestModels.stories260K()).copyMetadataTo(temp);
    assertThatThrownBy(() -> HfFolder.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("holds neither model.safetensors nor " + INDEX);
  }

  @Test
  void aTensorTheFolderLacksIsNamedWithTheFolder() {
    HfFolder folder = HfFolder.open(TestModels.stories260K());
    assertThatThrownBy(() -> folder.shape("lm_head.weight"))
        .isInstanceOf(UserError.class)
        .hasMessage(folder.folder() + ": tensor lm_head.weight is missing");
  }

  @Test
  void configurationAndTokenizerAreCopiedByteForByteAndWeightsAreNot() throws IOException {
    Path source = TestModels.stories260K();
    HfFolder.open(source).copyMetadataTo(temp);
    for (String name :
        List.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json")) {
      assertThat(temp.resolve(name)).hasSameBinaryContentAs(source.resolve(name));
    }
    assertThat(temp.resolve("model.safetensors")).doesNotExist();
  }

  @Test
  void anIndexThatLeadsOutOfTheFolderIsRefused() throws IOException {
    HfFolder.open(TestModels.stories260K()).copyMetadataTo(temp);
    for (String name : List.of("../m.safetensors", "/etc/passwd", "a/m.safetensors", "m.bin")) {
      Files.writeString(temp.resolve(INDEX), "{\"weight_map\":{\"x\":\"" + name + "\"}}");
      assertThatThrownBy(() -> HfFolder.open(temp))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(INDEX + ": tensor x is said to be in \"" + name + "\"");
    }
  }

  @Test
  void whereASingleFileAndAnIndexAreTheSingleFileCounts() throws IOException {
    tied(stories());
    Files.writeString(temp.resolve(INDEX), "{\"weight_map\":{\"x\":\"gone.safetensors\"}}");
    HfFolder folder = HfFolder.open(temp);
    assertThatCode(() -> folder.require(stories())).doesNotThrowAnyException();
  }
}
