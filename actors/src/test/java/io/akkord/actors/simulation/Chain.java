package io.akkord.actors.simulation;

/** Numbers that remember everything they were made from: the "weights" are a chain of hashes. */
final class Chain {
  private Chain() {}

  /** The finaliser of SplitMix64. */
  static long mix(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  static long of(long... parts) {
    long hash = parts.length;
    for (long part : parts) {
      hash = mix(hash ^ part) + part;
    }
    return hash;
  }

  static long of(double[] values) {
    long hash = values.length;
    for (double value : values) {
      hash = mix(hash ^ Double.doubleToRawLongBits(value));
    }
    return hash;
  }

  /** In [1, 2), so that sums round and their order shows. */
  static double number(long hash) {
    return 1 + (mix(hash) >>> 12) * 0x1.0p-52;
  }

  static long bits(double value) {
    return Double.doubleToRawLongBits(value);
  }
}
