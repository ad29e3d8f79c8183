package io.akkord.model.engine;

import ai.djl.ndarray.NDManager;
import java.util.List;

/**
 * A forward pass kept for its backward: the loss per sample with its graph (or, with gradient
 * checkpointing, the hidden states at the layers' borders), and the scores that go to the barrier
 * meanwhile (arXiv 2606.11206 §3 needs μ and σ of the whole step before any weight is known).
 */
public final class HeldForward implements AutoCloseable {
  private final NDManager scope;
  private final List<Object> kept;
  private final BatchScores scores;

  /**
   * Takes over what backward needs.
   *
   * @param scope owns it
   * @param kept the first arguments of the program's backward
   */
  HeldForward(NDManager scope, List<Object> kept, BatchScores scores) {
    this.scope = scope;
    this.kept = List.copyOf(kept);
    this.scores = scores;
  }

  /** Scores of the samples, detached. */
  public BatchScores scores() {
    return scores;
  }

  List<Object> kept() {
    return kept;
  }

  /** Frees the graph; on the device thread. */
  @Override
  public void close() {
    scope.close();
  }
}
