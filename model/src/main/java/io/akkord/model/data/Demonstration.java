package io.akkord.model.data;

/**
 * One row of a data file (a line of JSONL, a row of Parquet): text ({@code prompt}, {@code
 * completion}), token ids, or a conversation, never two of them.
 *
 * @param line 1-based
 * @param id the row's own, else {@code line-N} or {@code row-N}
 * @param conversation what the model's chat template turns into text
 * @param origin where the row is from; empty if it does not say
 */
public record Demonstration(
    int line,
    String id,
    String prompt,
    String completion,
    int[] promptIds,
    int[] completionIds,
    Conversation conversation,
    String origin) {

  /** Whether the row is text that a tokenizer must encode. */
  public boolean isText() {
    return prompt != null;
  }

  /** Whether the row is messages that a chat template must render. */
  public boolean isChat() {
    return conversation != null;
  }
}
