package io.akkord.config;

/** Type of the engine's computation. */
public enum Dtype {
  FLOAT32,
  BFLOAT16,
  FLOAT64
}
