package io.akkord.model.engine;

import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.ModelConfig.Llama3Scaling;

/**
 * Inverse frequencies and cos/sin tables of rotary position embedding (RoPE, arXiv 2104.09864),
 * computed in float64.
 */
public final class RotaryTables {
  private RotaryTables() {}

  /** {@code θ^(−2i/E)} for i in 0 … E/2−1, with Llama 3's scaling where the model has it. */
  public static double[] inverseFrequencies(ModelConfig config) {
    double[] frequencies = new double[config.headDim() / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double plain = Math.pow(config.rope().theta(), -2.0 * i / config.headDim());
      frequencies[i] = config.rope().scaling().map(s -> scale(plain, s)).orElse(plain);
    }
    return frequencies;
  }

  /** Llama 3.1: long wavelengths divided by the factor, short ones kept, a linear blend between. */
  private static double scale(double frequency, Llama3Scaling s) {
    double wavelength = 2 * Math.PI / frequency;
    double turns = s.originalMaxPositionEmbeddings() / wavelength;
    if (turns < s.lowFreqFactor()) {
      return frequency / s.factor();
    }
    if (turns > s.highFreqFactor()) {
      return frequency;
    }
    double smooth = (turns - s.lowFreqFactor()) / (s.highFreqFactor() - s.lowFreqFactor());
    return (1 - smooth) * frequency / s.factor() + smooth * frequency;
  }

  /** Row t, column i and i + E/2: angle of position t; row-major [positions, E]. */
  static double[] angles(ModelConfig config, int positions) {
    double[] frequencies = inverseFrequencies(config);
    int half = frequencies.length;
    double[] angles = new double[positions * 2 * half];
    for (int t = 0; t < positions; t++) {
      for (int i = 0; i < half; i++) {
        angles[t * 2 * half + i] = t * frequencies[i];
        angles[t * 2 * half + half + i] = t * frequencies[i];
      }
    }
    return angles;
  }
}
