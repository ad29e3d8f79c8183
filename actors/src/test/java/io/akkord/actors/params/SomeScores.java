package io.akkord.actors.params;

import java.util.Arrays;

/** Scores of logical shards, made up. */
public final class SomeScores {
  private SomeScores() {}

  /** Samples with these costs, three tokens each, each a micro-batch of its own. */
  public static ShardScore shard(int shard, double... costs) {
    int[] ones = new int[costs.length];
    Arrays.fill(ones, 1);
    return shard(shard, ones, costs);
  }

  /** Samples with these costs, cut into micro-batches. */
  public static ShardScore shard(int shard, int[] microBatchRows, double... costs) {
    int[] samples = new int[costs.length];
    int[] tokens = new int[costs.length];
    double[] dft = new double[costs.length];
    double[] meanP = new double[costs.length];
    for (int i = 0; i < costs.length; i++) {
      samples[i] = 100 * shard + i;
      tokens[i] = 3;
      dft[i] = costs[i] / 2;
      meanP[i] = 0.25;
    }
    return new ShardScore(shard, samples, costs, dft, meanP, tokens, microBatchRows, 1, 2);
  }
}
