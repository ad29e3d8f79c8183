package io.akkord.model.hf;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a decoder's shape and arithmetic depend on, from {@code config.json} in its old or new
 * spelling.
 *
 * @param headDim size of one attention head; need not be hiddenSize / heads
 * @param attentionBias Llama's {@code attention_bias}: biases on q, k, v and o
 * @param eosTokenIds what ends a generation: generation_config.json's list, else config.json's
 */
public record ModelConfig(
    Architecture architecture,
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    double rmsNormEps,
    boolean tieWordEmbeddings,
    boolean attentionBias,
    boolean mlpBias,
    Rope rope,
    int maxPositionEmbeddings,
    OptionalInt bosTokenId,
    List<Integer> eosTokenIds,
    OptionalInt padTokenId) {

  /** The decoders this version computes. */
  public enum Architecture {
    LLAMA,
    QWEN2,
    QWEN3,
    MISTRAL
  }

  /** Rotary position embedding: base θ and, for Llama 3.1 and later, its scaling. */
  public record Rope(double theta, Optional<Llama3Scaling> scaling) {}

  /** Llama 3's frequency scaling ({@code rope_type: llama3}). */
  public record Llama3Scaling(
      double factor,
      double lowFreqFactor,
      double highFreqFactor,
      int originalMaxPositionEmbeddings) {}

  /** Copies the list. */
  public ModelConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
  }

  /**
   * Reads a model folder's configuration.
   *
   * @throws io.akkord.model.UserError naming file, key, what was found and what is supported
   */
  public static ModelConfig read(Path folder) {
    return new ConfigReader(folder).read();
  }

  /** Biases on q, k and v. */
  public boolean qkvBias() {
    return architecture == Architecture.QWEN2 || outputBias();
  }

  /** A bias on the attention's output projection. */
  public boolean outputBias() {
    return attentionBias
        && (architecture == Architecture.LLAMA || architecture == Architecture.QWEN3);
  }

  /** Norms on every head of q and k. */
  public boolean qkNorm() {
    return architecture == Architecture.QWEN3;
  }
}
