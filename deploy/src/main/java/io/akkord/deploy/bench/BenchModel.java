package io.akkord.deploy.bench;

import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * The 21.7 M-parameter Llama-style decoder of the engine benchmark, with random weights and tokens.
 */
final class BenchModel {
  static final int VOCAB = 32_000;

  private BenchModel() {}

  /** 6 layers, d 384, 6 query and 2 key/value heads of 64, feed-forward 1024, tied head. */
  static ModelConfig config() {
    return new ModelConfig(
        ModelConfig.Architecture.LLAMA,
        VOCAB,
        384,
        1024,
        6,
        6,
        2,
        64,
        1e-6,
        true,
        false,
        false,
        new ModelConfig.Rope(10_000, Optional.empty()),
        2048,
        OptionalInt.of(1),
        List.of(2),
        OptionalInt.of(0));
  }

  /** So small that its arithmetic takes no time: one layer, d 8, vocabulary 64. */
  static ModelConfig tiny() {
    return new ModelConfig(
        ModelConfig.Architecture.LLAMA,
        64,
        8,
        16,
        1,
        1,
        1,
        8,
        1e-6,
        true,
        false,
        false,
        new ModelConfig.Rope(10_000, Optional.empty()),
        64,
        OptionalInt.of(1),
        List.of(2),
        OptionalInt.of(0));
  }

  /** A random weight of a matrix. */
  static float weight(SplittableRandom random) {
    return (float) (0.04 * (random.nextDouble() - 0.5));
  }

  /** A sample of random tokens: one of prompt, all others of completion. */
  static TokenizedSample sample(int index, int length, int vocabulary, SplittableRandom random) {
    int[] completion = random.ints(length - 1, 3, vocabulary).toArray();
    return new TokenizedSample(index, new int[] {random.nextInt(3, vocabulary)}, completion);
  }

  /** A micro-batch of rows of equal length whose every token but the first is a target. */
  static MicroBatch batch(int rows, int length, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<TokenizedSample> samples = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      samples.add(sample(row, length, VOCAB, random));
    }
    return MicroBatch.of(samples, 0);
  }
}
