package io.akkord.model.objective;

/** How the losses of a batch become one number. */
public enum LossReduction {
  /**
   * {@code (1/|B|) Σ w_i d_i} with {@code d_i} the mean over the sample's tokens: the paper's
   * formula.
   */
  SAMPLE_MEAN,
  /** {@code Σ w_i Σ_t … / Σ |y_i|}: what TRL and verl do for DFT. */
  TOKEN_MEAN
}
