package io.akkord.model.objective;

/**
 * The whole training objective: SFT, DFT, CADFT and every ablation row are settings of this record.
 *
 * @param beta β of the sample weight, at least 0
 * @param epsilon ε beside σ in z
 */
public record Objective(
    LossType lossType,
    SampleWeight sampleWeight,
    double beta,
    double epsilon,
    LossReduction reduction,
    StatsScope scope) {

  /** The paper's CADFT. */
  public static Objective cadft() {
    return new Objective(
        LossType.DFT,
        SampleWeight.CADFT,
        1.0,
        1e-6,
        LossReduction.SAMPLE_MEAN,
        StatsScope.GLOBAL_BATCH);
  }

  /** The sample weight {@code w = exp(−β · max(0, z))}, detached; z ≤ 0 keeps weight 1. */
  public double weight(double z) {
    return sampleWeight == SampleWeight.NONE ? 1 : Math.exp(-beta * Math.max(0, z));
  }

  /**
   * What a sample's token-mean loss is multiplied with in the batch loss.
   *
   * @param weight w of the sample
   * @param tokens |y| of the sample
   * @param batchSize samples in the global batch
   * @param batchTokens target tokens in the global batch
   */
  public double gradientFactor(double weight, int tokens, int batchSize, long batchTokens) {
    return switch (reduction) {
      case SAMPLE_MEAN -> weight / batchSize;
      case TOKEN_MEAN -> weight * tokens / batchTokens;
    };
  }
}
