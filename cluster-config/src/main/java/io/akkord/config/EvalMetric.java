package io.akkord.config;

/** The number that marks the best checkpoint. */
public enum EvalMetric {
  /** Mean token probability of the held-out completions. */
  EVAL_MEAN_P,
  /** Mean negative log-likelihood of the held-out completions, nats/token. */
  EVAL_NLL,
  /** Share of held-out tokens that are the model's first choice. */
  EVAL_TOP1;

  /** Whether {@code value} is better than {@code than}; NaN is never better. */
  public boolean better(double value, double than) {
    return this == EVAL_NLL ? value < than : value > than;
  }
}
