package io.akkord.model.objective;

/** The token loss of a sample (arXiv 2606.11206 §3; arXiv 2508.05629). */
public enum LossType {
  /** Plain cross-entropy: {@code −log p_t}. */
  NLL,
  /** Dynamic fine-tuning: {@code −sg(p_t) · log p_t}. */
  DFT
}
