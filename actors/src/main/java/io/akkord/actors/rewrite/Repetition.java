package io.akkord.actors.rewrite;

import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How much the texts of a cycle repeat themselves: in each text the share of different runs of four
 * tokens among all of them ("distinct-4", after Li et al., arXiv 1510.03055), and the mean of those
 * shares. 1: no four tokens come twice; a text that says one thing over and over is near 0. Texts
 * are not compared with each other, so it does not depend on how many there are.
 */
public final class Repetition {
  private static final int GRAM = 4;

  /** In fewer tokens nothing can come often. */
  private static final int LEAST_TOKENS = 16;

  private double sum;
  private int texts;

  /** Counts one text; short ones are left out. */
  public void add(int[] ids) {
    if (ids.length >= LEAST_TOKENS) {
      sum += distinct(ids);
      texts++;
    }
  }

  /** The mean over the texts; empty if none was long enough. */
  public OptionalDouble distinct() {
    return texts == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum / texts);
  }

  private static double distinct(int[] ids) {
    int grams = ids.length - GRAM + 1;
    Set<List<Integer>> different = new HashSet<>();
    for (int i = 0; i < grams; i++) {
      different.add(IntStream.range(i, i + GRAM).mapToObj(j -> ids[j]).toList());
    }
    return different.size() / (double) grams;
  }
}
