package io.akkord.model.data;

/**
 * Which sample stands at a position of an epoch: a pseudo-random permutation that is a pure
 * function of (seed, epoch), so the data position of a run is one number and resuming is O(1). A
 * Feistel network over the next even number of bits, walked until it falls into range.
 *
 * @param shuffle false gives file order
 * @param samples N ≥ 1
 */
public record SampleOrder(long seed, boolean shuffle, int samples) {
  private static final int ROUNDS = 6;

  /** The index of the sample at a position, both 0 … N−1. */
  public int at(long epoch, int position) {
    if (position < 0 || position >= samples) {
      throw new IllegalArgumentException("position " + position + " of " + samples);
    }
    if (!shuffle || samples == 1) {
      return position;
    }
    int halfBits = (65 - Long.numberOfLeadingZeros(samples - 1L)) / 2;
    long key = mix(seed ^ mix(epoch + 0x9e3779b97f4a7c15L));
    long value = position;
    do {
      value = permute(value, key, halfBits);
    } while (value >= samples);
    return (int) value;
  }

  private static long permute(long value, long key, int halfBits) {
    long mask = (1L << halfBits) - 1;
    long left = value >>> halfBits;
    long right = value & mask;
    for (int round = 0; round < ROUNDS; round++) {
      long next = left ^ (mix(right + key + round * 0xbf58476d1ce4e5b9L) & mask);
      left = right;
      right = next;
    }
    return left << halfBits | right;
  }

  /** The finaliser of SplitMix64. */
  private static long mix(long z) {
    long x = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
    return x ^ (x >>> 31);
  }
}
