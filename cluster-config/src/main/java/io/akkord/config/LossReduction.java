package io.akkord.config;

/** How token losses become one number. */
public enum LossReduction {
  SAMPLE_MEAN,
  TOKEN_MEAN
}
