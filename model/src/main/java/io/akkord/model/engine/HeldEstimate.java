package io.akkord.model.engine;

import io.akkord.model.data.MicroBatch;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.Lora;

/** What a held forward keeps, counted rather than measured. */
final class HeldEstimate {
  private HeldEstimate() {}

  /** Numbers that stay until backward. */
  static long elements(ModelConfig config, MicroBatch batch, EngineOptions options) {
    long tokens = (long) batch.rows() * batch.columns();
    if (options.gradientCheckpointing()) {
      long average = (long) batch.samples() * batch.targets();
      return config.layers() * tokens * config.hiddenSize() + average;
    }
    long queries = (long) config.heads() * config.headDim();
    long perToken =
        config.layers()
            * (8L * config.hiddenSize()
                + (batch.packed() ? 14L : 6L) * queries
                + 4L * config.kvHeads() * config.headDim()
                + 5L * config.intermediateSize()
                + options.lora().map(HeldEstimate::adapters).orElse(0L));
    // log_softmax keeps its result, and the logits live until it is done.
    long head = 2L * batch.targets() * config.vocabSize();
    return tokens * perToken + head;
  }

  /** A x of every adapted linear layer; x is kept anyhow. */
  private static long adapters(Lora lora) {
    return lora.targetModules().size() * (long) lora.r();
  }
}
