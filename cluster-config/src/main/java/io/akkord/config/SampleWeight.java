package io.akkord.config;

/** Weight of one sample (arXiv 2606.11206). */
public enum SampleWeight {
  NONE,
  CADFT
}
