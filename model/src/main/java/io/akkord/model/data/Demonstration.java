package io.akkord.model.data;

/**
 * One row of a data file: text ({@code prompt}, {@code completion}) or token ids, never both.
 *
 * @param line 1-based
 * @param id the row's own, else {@code line-N}
 * @param origin where the row is from; empty if it does not say
 */
public record Demonstration(
    int line,
    String id,
    String prompt,
    String completion,
    int[] promptIds,
    int[] completionIds,
    String origin) {

  /** Whether the row is text that a tokenizer must encode. */
  public boolean isText() {
    return prompt != null;
  }
}
