package io.akkord.model.engine;

import io.akkord.model.layout.Lora;
import io.akkord.model.objective.LossType;
import java.util.Optional;

/**
 * How an engine computes.
 *
 * @param device {@code cpu} or {@code cuda:N}
 * @param dtype {@code float32}, {@code bfloat16} (matrix products in bfloat16, weights float32) or
 *     {@code float64} (for comparison)
 * @param threads native threads of one operation; part of what the bits depend on
 * @param lossType the differentiable loss
 * @param maxLength longest row, tokens
 * @param gradientCheckpointing whether a forward keeps layer borders alone and backward computes
 *     each layer again: less memory, a third more work, the same numbers, other bits
 * @param lora adapters, which alone are trained; empty: the whole model is
 */
public record EngineOptions(
    String device,
    String dtype,
    int threads,
    LossType lossType,
    int maxLength,
    boolean gradientCheckpointing,
    Optional<Lora> lora) {

  /** Without gradient checkpointing and adapters. */
  public EngineOptions(String device, String dtype, int threads, LossType lossType, int maxLength) {
    this(device, dtype, threads, lossType, maxLength, false, Optional.empty());
  }
}
