package io.akkord.model.objective;

/** How a whole sample is weighted (arXiv 2606.11206 §3). */
public enum SampleWeight {
  /** Every sample weighs 1. */
  NONE,
  /** {@code w = exp(−β · max(0, z))} of the sample's normalised compatibility score. */
  CADFT
}
