package io.akkord.actors.params;

import io.akkord.actors.CborMessage;

/**
 * Scores of one logical shard of a step, in the order of its samples.
 *
 * @param shard 0 … n−1
 * @param samples data-set indices
 * @param costs c, nats per token
 * @param dft DFT loss, nats per token
 * @param meanP mean token probability
 * @param tokens target tokens
 * @param microBatchRows rows of each micro-batch
 * @param entropySum sum of the sampled entropies, nats
 * @param entropyCount how many were sampled
 */
@SuppressWarnings("ArrayRecordComponent") // dense numbers; nobody compares them
public record ShardScore(
    int shard,
    int[] samples,
    double[] costs,
    double[] dft,
    double[] meanP,
    int[] tokens,
    int[] microBatchRows,
    double entropySum,
    int entropyCount)
    implements CborMessage {

  /** Whether every number is finite. */
  public boolean finite() {
    for (int i = 0; i < costs.length; i++) {
      if (!Double.isFinite(costs[i]) || !Double.isFinite(dft[i])) {
        return false;
      }
    }
    return true;
  }
}
