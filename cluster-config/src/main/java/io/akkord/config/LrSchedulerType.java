package io.akkord.config;

/** Course of the learning rate after the warm-up. */
public enum LrSchedulerType {
  CONSTANT,
  LINEAR,
  COSINE
}
