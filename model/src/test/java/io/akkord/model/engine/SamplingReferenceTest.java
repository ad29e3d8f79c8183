package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.objective.LossType;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Nucleus sampling by inverse CDF, against Hugging Face's temperature and top-p warpers. */
class SamplingReferenceTest {

  @Test
  void everyUniformNumberPicksTheTokenWhoseShareOfTheNucleusItFallsInto() {
    JsonNode cases = Reference.json("sampling/reference.json").get("cases");
    assertThat(cases.size()).isEqualTo(33);
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open("mistral", "float64", LossType.DFT)) {
            cases.forEach(c -> check(model.engine, c));
            return null;
          }
        });
  }

  private static void check(Engine engine, JsonNode c) {
    double[] logits = Reference.doubles(c.get("logits"));
    int[] kept = Reference.ints(c.get("kept_ids"));
    double[] probabilities = Reference.doubles(c.get("kept_probs"));
    double[] uniforms = new double[kept.length + 2];
    double before = 0;
    for (int j = 0; j < kept.length; j++) {
      uniforms[j] = before + probabilities[j] / 2;
      before += probabilities[j];
    }
    uniforms[kept.length] = 0;
    uniforms[kept.length + 1] = Math.nextDown(1.0);
    double[][] rows = new double[uniforms.length][];
    Arrays.fill(rows, logits);
    int[] expected = Arrays.copyOf(kept, uniforms.length);
    expected[kept.length] = kept[0];
    expected[kept.length + 1] = kept[kept.length - 1];
    assertThat(
            engine.sample(
                rows, uniforms, c.get("temperature").asDouble(), c.get("top_p").asDouble()))
        .as("%s T=%s p=%s", c.get("name"), c.get("temperature"), c.get("top_p"))
        .containsExactly(expected);
  }
}
