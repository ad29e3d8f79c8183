package io.akkord.model.objective;

/** Over which samples μ and σ are taken. */
public enum StatsScope {
  /** All samples of the optimiser step: the method. */
  GLOBAL_BATCH,
  /** The samples of one micro-batch: an approximation, for ablation only. */
  MICRO_BATCH,
  /** The statistics of the step before: an approximation, for ablation only. */
  PREVIOUS_STEP
}
