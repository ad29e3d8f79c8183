package io.akkord.config;

/** Loss of one token (arXiv 2508.05629). */
public enum LossType {
  NLL,
  DFT
}
