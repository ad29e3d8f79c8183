package io.akkord.model.layout;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.ParameterLayout.Parameter;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParameterLayoutTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"llama_gqa_untied", "llama3_rope_tied", "qwen2_tied", "qwen3_untied", "mistral"})
  void namesAndShapesAreThoseOfHuggingFace(String name) {
    JsonNode shapes = Reference.json(name + "/reference.json").get("parameter_shapes");
    ParameterLayout layout = ParameterLayout.of(config(name));
    Set<String> expected = new HashSet<>();
    shapes.fieldNames().forEachRemaining(expected::add);
    Set<String> got = new HashSet<>();
    for (Parameter p : layout.parameters()) {
      got.add(p.name());
      assertThat(p.shape()).as(p.name()).containsExactly(longs(shapes.get(p.name())));
    }
    assertThat(got).isEqualTo(expected);
    assertThat(layout.trainable())
        .isEqualTo(Reference.json(name + "/reference.json").get("parameters").asLong());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama_gqa_untied", "qwen2_tied"})
  void weightDecayIsOnTheParametersTheTrainerDecaysAndOnNoOther(String name) {
    JsonNode decay = Reference.json(name + "/train.json").get("decay");
    Set<String> expected = new HashSet<>();
    decay.forEach(n -> expected.add(n.asText()));
    Set<String> got = new HashSet<>();
    ParameterLayout layout = ParameterLayout.of(config(name));
    for (Parameter p : layout.parameters()) {
      if (p.decay()) {
        got.add(p.name());
      }
      assertThat(p.offset() + p.elements() <= layout.decayEnd()).isEqualTo(p.decay());
    }
    assertThat(got).isEqualTo(expected);
  }

  @Test
  void slicesAreWholeBlocksThatCoverTheBufferOnce() {
    ParameterLayout layout = ParameterLayout.of(config("llama_gqa_untied"));
    for (int shards = 1; shards <= 9; shards++) {
      long next = 0;
      for (Slice slice : layout.slices(shards)) {
        assertThat(slice.from()).isEqualTo(next);
        assertThat(slice.from() % ParameterLayout.BLOCK).isZero();
        next = slice.to();
      }
      assertThat(next).isEqualTo(layout.size());
    }
  }

  private static ModelConfig config(String name) {
    return ModelConfig.read(Reference.path(name + "/model"));
  }

  private static long[] longs(JsonNode array) {
    long[] values = new long[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asLong();
    }
    return values;
  }
}
