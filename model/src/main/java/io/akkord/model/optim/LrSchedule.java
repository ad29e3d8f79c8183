package io.akkord.model.optim;

/**
 * Learning rate by step with Hugging Face's semantics: linear warm-up from 0 (step 0 has rate 0
 * when there is a warm-up), then constant, linear to 0, or half a cosine to 0.
 *
 * @param peak the rate at the end of the warm-up
 * @param warmupSteps W ≥ 0
 * @param totalSteps S ≥ 1
 */
public record LrSchedule(Kind kind, double peak, long warmupSteps, long totalSteps) {

  /** The form after warm-up. */
  public enum Kind {
    CONSTANT,
    LINEAR,
    COSINE
  }

  /** The rate of 0-based step s. */
  public double at(long step) {
    if (step < warmupSteps) {
      return peak * step / Math.max(1, warmupSteps);
    }
    double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
    return switch (kind) {
      case CONSTANT -> peak;
      case LINEAR -> peak * Math.max(0, 1 - progress);
      case COSINE -> peak * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    };
  }
}
