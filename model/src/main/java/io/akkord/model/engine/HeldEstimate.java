package io.akkord.model.engine;

import io.akkord.model.data.MicroBatch;
import io.akkord.model.hf.ModelConfig;

/** What a held forward keeps, counted rather than measured. */
final class HeldEstimate {
  private HeldEstimate() {}

  /** Numbers that stay until backward. */
  static long elements(ModelConfig config, MicroBatch batch, boolean checkpointing) {
    long tokens = (long) batch.rows() * batch.columns();
    if (checkpointing) {
      long average = (long) batch.samples() * batch.targets();
      return config.layers() * tokens * config.hiddenSize() + average;
    }
    long queries = (long) config.heads() * config.headDim();
    long perToken =
        config.layers()
            * (8L * config.hiddenSize()
                + (batch.packed() ? 14L : 6L) * queries
                + 4L * config.kvHeads() * config.headDim()
                + 5L * config.intermediateSize());
    // log_softmax keeps its result, and the logits live until it is done.
    long head = 2L * batch.targets() * config.vocabSize();
    return tokens * perToken + head;
  }
}
