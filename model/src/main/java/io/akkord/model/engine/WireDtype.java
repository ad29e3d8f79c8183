package io.akkord.model.engine;

/**
 * What gradients and parameters are between workers and slices. With {@link #BFLOAT16} every leaf
 * and every sum of the reduction tree is rounded, whether it travels or not, and so are the
 * parameters that workers compute with; so the bits do not depend on who sits where. Master weights
 * and moments stay as they are.
 */
public enum WireDtype {
  /** In the engine's own type: nothing is rounded. */
  FLOAT32,
  /** Half the bytes, 8 bits of precision; to nearest, ties to even. */
  BFLOAT16
}
