package io.akkord.actors.rewrite;

import java.util.SplittableRandom;

/** The only randomness of a rewrite: a pure function of run seed, sample and revision. */
final class Uniforms {
  private Uniforms() {}

  /** One number in [0, 1) per token. */
  static double[] of(long seed, int sample, int revision, int tokens) {
    long mixed = seed * 0x9e3779b97f4a7c15L + sample;
    return new SplittableRandom(mixed * 0xbf58476d1ce4e5b9L + revision).doubles(tokens).toArray();
  }
}
