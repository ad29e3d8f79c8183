package io.akkord.model.hf;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * A model's own {@code tokenizer.json}: nothing is truncated or padded, special tokens follow its
 * post-processor.
 */
public final class TextTokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final OptionalInt bosId;
  private final int eosId;
  private final int idsBehindText;

  private TextTokenizer(HuggingFaceTokenizer tokenizer, OptionalInt bosId, int eosId) {
    this.tokenizer = tokenizer;
    this.idsBehindText = idsBehindText(tokenizer);
    this.bosId = bosId;
    this.eosId = eosId;
  }

  /**
   * Opens the tokenizer of a model folder.
   *
   * @throws UserError if it is missing, damaged or names no end-of-sequence token
   */
  public static TextTokenizer open(Path folder) {
    Path file = folder.resolve("tokenizer.json");
    if (!Files.isRegularFile(file)) {
      throw new UserError(
          "%s is missing: text cannot be tokenized; copy the model's tokenizer.json there or give rows with prompt_ids and completion_ids"
              .formatted(file));
    }
    HuggingFaceTokenizer tokenizer;
    try {
      tokenizer =
          HuggingFaceTokenizer.builder()
              .optTokenizerPath(file)
              .optTruncation(false)
              .optPadding(false)
              .build();
    } catch (IOException | RuntimeException e) {
      throw new UserError("%s cannot be used: %s".formatted(file, e.getMessage()), e);
    }
    try {
      return withSpecialTokens(folder, tokenizer);
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  private static TextTokenizer withSpecialTokens(Path folder, HuggingFaceTokenizer tokenizer) {
    ModelConfig config = ModelConfig.read(folder);
    OptionalInt eos = special(folder, tokenizer, "eos_token");
    if (eos.isEmpty() && config.eosTokenIds().isEmpty()) {
      throw new UserError(
          "%s names no eos_token and config.json no eos_token_id; without one the model could never learn to stop"
              .formatted(folder.resolve("tokenizer_config.json")));
    }
    return new TextTokenizer(
        tokenizer,
        special(folder, tokenizer, "bos_token"),
        eos.orElseGet(() -> config.eosTokenIds().get(0)));
  }

  private static OptionalInt special(Path folder, HuggingFaceTokenizer tokenizer, String key) {
    Path file = folder.resolve("tokenizer_config.json");
    if (!Files.isRegularFile(file)) {
      return OptionalInt.empty();
    }
    JsonNode node = JsonFiles.read(file).path(key);
    String content = node.isObject() ? node.path("content").asText("") : node.asText("");
    if (content.isEmpty() || node.isNull()) {
      return OptionalInt.empty();
    }
    long[] ids = tokenizer.encode(content, false, false).getIds();
    // A tokenizer that puts a mark before text yields two ids; the special token is the last one.
    int last = ids.length == 0 ? -1 : (int) ids[ids.length - 1];
    if (last < 0 || !tokenizer.decode(new long[] {last}, false).equals(content)) {
      throw new UserError(
          "%s: %s is '%s', which is not one token of tokenizer.json".formatted(file, key, content));
    }
    return OptionalInt.of(last);
  }

  /** Token ids of a text. */
  public int[] encode(String text, boolean addSpecialTokens) {
    long[] ids = tokenizer.encode(text, addSpecialTokens, false).getIds();
    int[] narrow = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      narrow[i] = (int) ids[i];
    }
    return narrow;
  }

  /**
   * Token ids of a text that goes on: with the special tokens that belong in front of it, without
   * those that the post-processor puts behind a finished one.
   */
  public int[] encodeBeginning(String text) {
    int[] ids = encode(text, true);
    return Arrays.copyOf(ids, ids.length - idsBehindText);
  }

  /** How many ids the post-processor appends; most tokenizers append none. */
  private static int idsBehindText(HuggingFaceTokenizer tokenizer) {
    long[] bare = tokenizer.encode("a", false, false).getIds();
    long[] whole = tokenizer.encode("a", true, false).getIds();
    for (int front = 0; bare.length > 0 && front + bare.length <= whole.length; front++) {
      if (Arrays.equals(whole, front, front + bare.length, bare, 0, bare.length)) {
        return whole.length - front - bare.length;
      }
    }
    return 0;
  }

  /** The text of token ids. */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    long[] wide = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      wide[i] = ids[i];
    }
    return tokenizer.decode(wide, skipSpecialTokens);
  }

  /** What ends a completion in training. */
  public int eosId() {
    return eosId;
  }

  /** The beginning-of-sequence token, if the tokenizer names one. */
  public OptionalInt bosId() {
    return bosId;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
