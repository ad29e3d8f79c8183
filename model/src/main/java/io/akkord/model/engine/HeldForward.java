package io.akkord.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * A forward pass kept for its backward: the loss per sample with its graph, and the scores that go
 * to the barrier meanwhile (arXiv 2606.11206 §3 needs μ and σ of the whole step before any weight
 * is known).
 */
public final class HeldForward implements AutoCloseable {
  private final NDManager scope;
  private final NDArray lossB;
  private final BatchScores scores;

  HeldForward(NDManager scope, NDArray lossB, BatchScores scores) {
    this.scope = scope;
    this.lossB = lossB;
    this.scores = scores;
  }

  /** Scores of the samples, detached. */
  public BatchScores scores() {
    return scores;
  }

  NDArray lossB() {
    return lossB;
  }

  /** Frees the graph; on the device thread. */
  @Override
  public void close() {
    scope.close();
  }
}
