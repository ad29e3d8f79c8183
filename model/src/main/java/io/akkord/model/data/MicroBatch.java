package io.akkord.model.data;

import java.util.Arrays;
import java.util.List;

/**
 * Rows of one forward pass, padded on the right to the longest.
 *
 * @param rows B
 * @param columns T
 * @param ids [B·T], row-major
 * @param targetPositions flat positions b·T + t whose logits predict the labels, in row order
 * @param labels the predicted tokens
 * @param sampleOfTarget the row each target belongs to
 * @param targetCount |y| per row
 * @param sampleIndex index of each row's sample in the data file
 */
public record MicroBatch(
    int rows,
    int columns,
    long[] ids,
    int[] targetPositions,
    long[] labels,
    int[] sampleOfTarget,
    int[] targetCount,
    int[] sampleIndex) {

  /** Number of targets N of the whole micro-batch. */
  public int targets() {
    return labels.length;
  }

  /**
   * Lays samples out.
   *
   * @param padId any valid id: no real position sees it
   */
  public static MicroBatch of(List<TokenizedSample> samples, int padId) {
    int rows = samples.size();
    int columns = samples.stream().mapToInt(TokenizedSample::length).max().orElseThrow();
    int targets = samples.stream().mapToInt(s -> s.completionIds().length).sum();
    MicroBatch batch =
        new MicroBatch(
            rows,
            columns,
            new long[rows * columns],
            new int[targets],
            new long[targets],
            new int[targets],
            new int[rows],
            new int[rows]);
    Arrays.fill(batch.ids, padId);
    int target = 0;
    for (int row = 0; row < rows; row++) {
      target = batch.put(row, samples.get(row), target);
    }
    return batch;
  }

  private int put(int row, TokenizedSample sample, int firstTarget) {
    int at = row * columns;
    for (int id : sample.promptIds()) {
      ids[at++] = id;
    }
    int target = firstTarget;
    for (int id : sample.completionIds()) {
      targetPositions[target] = at - 1;
      labels[target] = id;
      sampleOfTarget[target++] = row;
      ids[at++] = id;
    }
    targetCount[row] = sample.completionIds().length;
    sampleIndex[row] = sample.index();
    return target;
  }
}
