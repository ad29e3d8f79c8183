package io.akkord.actors.dashboard;

import java.util.Arrays;

/**
 * How the scores of a run were distributed, over time: counts in a grid of fixed size. A score
 * beyond the top doubles the range, more steps than columns double the width of a column.
 */
public final class ScoreHeat {
  /** Bins of scores; even. */
  public static final int BINS = 40;

  /** Columns of steps; even. */
  public static final int COLUMNS = 120;

  private final int[][] counts = new int[COLUMNS][BINS];
  private double top = 0.25;
  private long width = 1;
  private int columns;

  /**
   * Counts one score.
   *
   * @param cost c, nats per token, not negative; what is not finite is left out
   */
  public void add(long step, double cost) {
    if (!Double.isFinite(cost)) {
      return;
    }
    while (cost >= top) {
      raise();
    }
    while (step / width >= COLUMNS) {
      widen();
    }
    int column = (int) (step / width);
    columns = Math.max(columns, column + 1);
    counts[column][Math.max(0, (int) (cost / top * BINS))]++;
  }

  private void raise() {
    top *= 2;
    for (int[] column : counts) {
      for (int bin = 0; bin < BINS; bin++) {
        column[bin] = bin < BINS / 2 ? column[2 * bin] + column[2 * bin + 1] : 0;
      }
    }
  }

  private void widen() {
    width *= 2;
    for (int column = 0; column < COLUMNS; column++) {
      int[] merged = new int[BINS];
      if (column < COLUMNS / 2) {
        for (int bin = 0; bin < BINS; bin++) {
          merged[bin] = counts[2 * column][bin] + counts[2 * column + 1][bin];
        }
      }
      counts[column] = merged;
    }
    columns = (columns + 1) / 2;
  }

  /** Upper end of the highest bin; the lowest begins at 0. */
  public double top() {
    return top;
  }

  /** Steps of a column. */
  public long width() {
    return width;
  }

  /** A copy of the columns in use, each from the lowest bin up. */
  public int[][] counts() {
    return Arrays.stream(counts, 0, columns).map(int[]::clone).toArray(int[][]::new);
  }
}
