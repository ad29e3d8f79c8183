package io.akkord.model.data;

/**
 * A sample as the model sees it. The prompt is masked; every completion token, EOS too, is a
 * target.
 *
 * @param index position in the data file, 0-based, after dropped rows are gone
 * @param promptIds at least one
 * @param completionIds at least one
 */
public record TokenizedSample(int index, int[] promptIds, int[] completionIds) {
  /** Tokens of prompt and completion. */
  public int length() {
    return promptIds.length + completionIds.length;
  }
}
