package io.akkord.model.data;

import io.akkord.model.UserError;
import io.akkord.model.data.TokenizeOptions.TooLong;
import io.akkord.model.hf.TextTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Turns rows into samples and counts what it had to do. */
final class RowTokenizer {
  private final Path file;
  private final TextTokenizer tokenizer;
  private final ConversationText.Renderer conversations;
  private final int vocabSize;
  private final TokenizeOptions options;
  private int rows;
  private int dropped;
  private int truncated;
  private int boundaryMerges;
  private long promptTokens;
  private long targetTokens;

  /**
   * For the rows of one file.
   *
   * @param modelFolder whose chat template turns messages into text
   * @param tokenizer null if the folder has none
   */
  RowTokenizer(
      Path file,
      Path modelFolder,
      TextTokenizer tokenizer,
      int vocabSize,
      TokenizeOptions options) {
    this.file = file;
    this.tokenizer = tokenizer;
    this.conversations = new ConversationText.Renderer(modelFolder);
    this.vocabSize = vocabSize;
    this.options = options;
  }

  /** The sample of a row, or nothing if it is dropped. */
  Optional<TokenizedSample> sample(int index, Demonstration row) {
    rows++;
    int[][] ids = row.isText() ? encode(row) : row.isChat() ? encodeChat(row) : given(row);
    int[] prompt = ids[0];
    int[] completion = ids[1];
    int length = prompt.length + completion.length;
    if (length > options.maxLength()) {
      if (options.tooLong() == TooLong.ERROR) {
        throw error(
            row,
            "the sample has %d tokens, max_length is %d; raise max_length or set too_long to drop or truncate"
                .formatted(length, options.maxLength()));
      }
      int room = options.maxLength() - prompt.length;
      if (options.tooLong() == TooLong.DROP || room < 1) {
        dropped++;
        return Optional.empty();
      }
      truncated++;
      completion = Arrays.copyOf(completion, room);
    }
    promptTokens += prompt.length;
    targetTokens += completion.length;
    return Optional.of(new TokenizedSample(index, prompt, completion));
  }

  /**
   * The joined text is encoded, so that merges across the border are those the model knows. What a
   * tokenizer puts behind a finished text is left out: a prompt is not finished, and whether a
   * completion ends in EOS is an option.
   */
  private int[][] encode(Demonstration row) {
    requireTokenizer(row);
    int[] prompt = tokenizer.encodeBeginning(row.prompt());
    int[] joined = tokenizer.encodeBeginning(row.prompt() + row.completion());
    int[] completion;
    if (isPrefix(prompt, joined)) {
      completion = Arrays.copyOfRange(joined, prompt.length, joined.length);
    } else {
      boundaryMerges++;
      completion = tokenizer.encode(row.completion(), false);
    }
    if (prompt.length == 0) {
      throw error(
          row,
          "the prompt is empty and the tokenizer adds no beginning-of-sequence token; the first token would have nothing before it");
    }
    if (completion.length == 0) {
      throw error(row, "the completion has no tokens");
    }
    boolean ends = completion[completion.length - 1] == tokenizer.eosId();
    if (options.appendEos() && !ends) {
      completion = Arrays.copyOf(completion, completion.length + 1);
      completion[completion.length - 1] = tokenizer.eosId();
    }
    check(row, "the tokenizer's prompt_ids", prompt);
    check(row, "the tokenizer's completion_ids", completion);
    return new int[][] {prompt, completion};
  }

  private void requireTokenizer(Demonstration row) {
    if (tokenizer == null) {
      throw error(
          row,
          "text needs a tokenizer.json in the model folder, or prompt_ids and completion_ids instead");
    }
  }

  /** The template has written every special token, and the answer's end: none is added. */
  private int[][] encodeChat(Demonstration row) {
    requireTokenizer(row);
    ConversationText text = conversations.of(row.conversation(), problem -> error(row, problem));
    int[] prompt = tokenizer.encode(text.prompt(), false);
    int[] joined = tokenizer.encode(text.prompt() + text.completion(), false);
    int[] completion;
    if (isPrefix(prompt, joined)) {
      completion = Arrays.copyOfRange(joined, prompt.length, joined.length);
    } else {
      boundaryMerges++;
      completion = tokenizer.encode(text.completion(), false);
    }
    check(row, "the chat's prompt", prompt);
    check(row, "the chat's completion", completion);
    return new int[][] {prompt, completion};
  }

  private int[][] given(Demonstration row) {
    check(row, "prompt_ids", row.promptIds());
    check(row, "completion_ids", row.completionIds());
    return new int[][] {row.promptIds(), row.completionIds()};
  }

  private void check(Demonstration row, String key, int[] ids) {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] >= vocabSize) {
        throw error(
            row,
            "%s[%d] is %d, but the model's vocabulary ends at %d"
                .formatted(key, i, ids[i], vocabSize - 1));
      }
    }
  }

  private static boolean isPrefix(int[] prefix, int[] of) {
    return of.length > prefix.length && Arrays.mismatch(prefix, of) == prefix.length;
  }

  TokenizeReport report() {
    return new TokenizeReport(rows, dropped, truncated, boundaryMerges, promptTokens, targetTokens);
  }

  private UserError error(Demonstration row, String problem) {
    return new UserError(
        "%s, %s %d (id %s): %s"
            .formatted(file, DataFile.unit(file), row.line(), row.id(), problem));
  }
}
