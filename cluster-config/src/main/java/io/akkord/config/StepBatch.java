package io.akkord.config;

/**
 * The samples of one step: positions [fromPosition, toPosition) in the order of one epoch.
 *
 * @param step 0-based
 * @param epoch 0-based
 */
public record StepBatch(long step, long epoch, int fromPosition, int toPosition) {
  /** Samples in the batch. */
  public int size() {
    return toPosition - fromPosition;
  }
}
