package io.akkord.config;

/** Over what mean and standard deviation of the scores are taken. */
public enum StatsScope {
  GLOBAL_BATCH,
  MICRO_BATCH,
  PREVIOUS_STEP
}
