package io.akkord.model.data;

import java.util.Arrays;
import java.util.List;

/**
 * Rows of one forward pass, padded on the right to the longest. A row holds one sample or, packed,
 * several that do not see each other.
 *
 * @param rows B
 * @param columns T
 * @param ids [B·T], row-major
 * @param targetPositions flat positions b·T + t whose logits predict the labels, in sample order
 * @param labels the predicted tokens
 * @param sampleOfTarget the sample each target belongs to, 0 … samples−1
 * @param targetCount |y| per sample
 * @param sampleIndex index of each sample in the data file
 * @param starts flat position of each sample's first token
 * @param lengths tokens of each sample
 */
public record MicroBatch(
    int rows,
    int columns,
    long[] ids,
    int[] targetPositions,
    long[] labels,
    int[] sampleOfTarget,
    int[] targetCount,
    int[] sampleIndex,
    int[] starts,
    int[] lengths) {

  /** Number of targets N of the whole micro-batch. */
  public int targets() {
    return labels.length;
  }

  /** Number of samples. */
  public int samples() {
    return sampleIndex.length;
  }

  /** Whether a row may hold several samples. */
  public boolean packed() {
    return samples() > rows;
  }

  /**
   * Lays samples out, one a row.
   *
   * @param padId any valid id: no real position sees it
   */
  public static MicroBatch of(List<TokenizedSample> samples, int padId) {
    return packed(samples.stream().map(List::of).toList(), padId);
  }

  /**
   * Lays samples out, the samples of a row one behind the other.
   *
   * @param rows at least one sample each
   * @param padId any valid id: no real position sees it
   */
  public static MicroBatch packed(List<List<TokenizedSample>> rows, int padId) {
    int columns =
        rows.stream()
            .mapToInt(row -> row.stream().mapToInt(TokenizedSample::length).sum())
            .max()
            .orElseThrow();
    List<TokenizedSample> all = rows.stream().flatMap(List::stream).toList();
    int targets = all.stream().mapToInt(s -> s.completionIds().length).sum();
    MicroBatch batch =
        new MicroBatch(
            rows.size(),
            columns,
            new long[rows.size() * columns],
            new int[targets],
            new long[targets],
            new int[targets],
            new int[all.size()],
            new int[all.size()],
            new int[all.size()],
            new int[all.size()]);
    Arrays.fill(batch.ids, padId);
    int target = 0;
    int sample = 0;
    for (int row = 0; row < rows.size(); row++) {
      int at = row * columns;
      for (TokenizedSample next : rows.get(row)) {
        target = batch.put(sample++, next, at, target);
        at += next.length();
      }
    }
    return batch;
  }

  private int put(int sample, TokenizedSample tokens, int start, int firstTarget) {
    int at = start;
    for (int id : tokens.promptIds()) {
      ids[at++] = id;
    }
    int target = firstTarget;
    for (int id : tokens.completionIds()) {
      targetPositions[target] = at - 1;
      labels[target] = id;
      sampleOfTarget[target++] = sample;
      ids[at++] = id;
    }
    targetCount[sample] = tokens.completionIds().length;
    sampleIndex[sample] = tokens.index();
    starts[sample] = start;
    lengths[sample] = tokens.length();
    return target;
  }
}
