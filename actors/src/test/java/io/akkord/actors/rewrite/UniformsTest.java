package io.akkord.actors.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class UniformsTest {
  @Test
  void theNumbersAreAFunctionOfSeedSampleAndRevision() {
    double[] numbers = Uniforms.of(42, 7, 1, 100);
    assertThat(Uniforms.of(42, 7, 1, 100)).isEqualTo(numbers);
    assertThat(Uniforms.of(43, 7, 1, 100)).isNotEqualTo(numbers);
    assertThat(Uniforms.of(42, 8, 1, 100)).isNotEqualTo(numbers);
    assertThat(Uniforms.of(42, 7, 2, 100)).isNotEqualTo(numbers);
  }

  @Test
  void fewerNumbersAreTheBeginningOfMore() {
    assertThat(Uniforms.of(42, 7, 1, 10)).isEqualTo(Arrays.copyOf(Uniforms.of(42, 7, 1, 100), 10));
  }

  @Test
  void theNumbersAreUniform() {
    double[] sums = new double[2];
    for (int sample = 0; sample < 2000; sample++) {
      double first = Uniforms.of(42, sample, 1, 1)[0];
      assertThat(first).isGreaterThanOrEqualTo(0).isLessThan(1);
      sums[0] += first / 2000;
      sums[1] += first * first / 2000;
    }
    assertThat(sums[0]).isBetween(0.48, 0.52);
    assertThat(sums[1]).isBetween(1 / 3.0 - 0.02, 1 / 3.0 + 0.02);
  }
}
