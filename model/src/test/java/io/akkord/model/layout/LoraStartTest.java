package io.akkord.model.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.akkord.model.Reference;
import io.akkord.model.hf.ModelConfig;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LoraStartTest {
  private static final Lora LORA = new Lora(64, 16, List.of("down_proj", "q_proj"));
  private final ModelConfig config = ModelConfig.read(Reference.path("qwen2_tied/model"));
  private final ParameterLayout layout = ParameterLayout.of(config, Optional.of(LORA));

  private double[] values(long seed, int parameter) {
    LoraStart start = new LoraStart(seed, layout);
    return LongStream.range(0, layout.parameters().get(parameter).elements())
        .mapToDouble(i -> start.value(parameter, i))
        .toArray();
  }

  @Test
  void theLayoutHasTheAdaptersOfEveryLayerAlone() {
    assertThat(layout.parameters()).hasSize(config.layers() * 2 * 2);
    assertThat(layout.parameters()).allMatch(ParameterLayout.Parameter::decay);
    assertThat(layout.parameters().get(2).name())
        .isEqualTo("base_model.model.model.layers.0.mlp.down_proj.lora_A.weight");
    assertThat(layout.parameters().get(2).shape()).containsExactly(64, config.intermediateSize());
    assertThat(layout.parameters().get(3).shape()).containsExactly(config.hiddenSize(), 64);
  }

  @Test
  void bIsZeroAndAIsUniformWithinOneOverTheRootOfItsInputs() {
    assertThat(values(42, 1)).containsOnly(0);
    double[] a = values(42, 0);
    double bound = 1 / Math.sqrt(config.hiddenSize());
    double sum = 0;
    double squares = 0;
    for (double value : a) {
      assertThat(value).isBetween(-bound, bound);
      sum += value;
      squares += value * value;
    }
    // A uniform's deviation is bound/√3; five standard errors of the mean, 5 % of the deviation.
    double deviation = bound / Math.sqrt(3);
    assertThat(sum / a.length).isCloseTo(0, within(5 * deviation / Math.sqrt(a.length)));
    assertThat(Math.sqrt(squares / a.length)).isCloseTo(deviation, within(0.05 * deviation));
  }

  @Test
  void everySeedAndEveryParameterHasNumbersOfItsOwn() {
    assertThat(values(42, 0)).isEqualTo(values(42, 0)).isNotEqualTo(values(43, 0));
    assertThat(values(42, 0)).isNotEqualTo(values(42, 4));
  }
}
