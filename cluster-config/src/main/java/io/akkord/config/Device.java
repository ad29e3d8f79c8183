package io.akkord.config;

/** Where the engine computes. */
public enum Device {
  CPU
}
