package io.akkord.model.engine;

import java.util.List;

/**
 * Scores of a micro-batch, in row order.
 *
 * @param entropySum sum over the sampled targets of the entropy of the predicted distribution, nats
 * @param entropyCount number of sampled targets
 */
public record BatchScores(List<SampleScore> samples, double entropySum, int entropyCount) {
  /** Copies the list. */
  public BatchScores {
    samples = List.copyOf(samples);
  }
}
