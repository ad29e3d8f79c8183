package io.akkord.model.data;

import io.akkord.model.UserError;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.TextTokenizer;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * A data file as token ids, written once and read by position: a head with ids, origins and offsets
 * that stays in memory, and the tokens on disk. It is reused while its key (data, tokenizer,
 * options) stays the same.
 */
public final class TokenFile implements AutoCloseable {
  static final long MAGIC = 0x414b_4b4f_5244_5431L;

  /** Behind magic and length. */
  private static final long HEAD_AT = 2 * Long.BYTES;

  private final FileChannel channel;
  private final long tokensAt;
  private final String key;
  private final TokenizeReport report;
  private final String[] ids;
  private final String[] origins;
  private final long[] offsets;
  private final int[] promptLengths;
  private final Map<String, Integer> indexOfId = new HashMap<>();

  private TokenFile(FileChannel channel) throws IOException {
    this.channel = channel;
    channel.position(0);
    DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
    if (in.readLong() != MAGIC) {
      throw new EOFException("not a token file");
    }
    this.tokensAt = in.readLong();
    if (tokensAt < HEAD_AT || tokensAt > channel.size()) {
      throw new EOFException("its head is damaged");
    }
    byte[] head = new byte[Math.toIntExact(tokensAt - HEAD_AT)];
    in.readFully(head);
    DataInputStream fields = new DataInputStream(new java.io.ByteArrayInputStream(head));
    this.key = fields.readUTF();
    this.report =
        new TokenizeReport(
            fields.readInt(),
            fields.readInt(),
            fields.readInt(),
            fields.readInt(),
            fields.readLong(),
            fields.readLong());
    int samples = fields.readInt();
    if (samples < 0 || samples > head.length) {
      throw new EOFException("its head is damaged");
    }
    this.ids = new String[samples];
    this.origins = new String[samples];
    this.offsets = new long[samples + 1];
    this.promptLengths = new int[samples];
    for (int i = 0; i < samples; i++) {
      ids[i] = fields.readUTF();
      origins[i] = fields.readUTF().intern();
      offsets[i + 1] = fields.readLong();
      promptLengths[i] = fields.readInt();
      indexOfId.put(ids[i], i);
    }
    if (channel.size() != tokensAt + offsets[samples] * Integer.BYTES) {
      throw new EOFException("it is truncated");
    }
  }

  /**
   * Tokenizes a data file, or opens the cache if it was made from the same data, tokenizer and
   * options.
   *
   * @param modelFolder whose tokenizer.json (not needed for rows of ids) and vocabulary count
   * @param cacheFile where the tokens are kept; written to a temporary file and renamed
   * @param notes told in words what was dropped, truncated or encoded apart
   * @throws UserError for every bad row, and if no sample is left
   */
  public static TokenFile build(
      Path jsonl,
      Path modelFolder,
      TokenizeOptions options,
      Path cacheFile,
      Consumer<String> notes) {
    int vocabulary = ModelConfig.read(modelFolder).vocabSize();
    String key = TokenFileWriter.key(jsonl, modelFolder, options);
    TokenFile cached = openIfCurrent(cacheFile, key);
    if (cached == null) {
      boolean tokenizes = Files.exists(modelFolder.resolve("tokenizer.json"));
      try (TextTokenizer tokenizer = tokenizes ? TextTokenizer.open(modelFolder) : null) {
        RowTokenizer rows = new RowTokenizer(jsonl, modelFolder, tokenizer, vocabulary, options);
        TokenFileWriter.write(jsonl, rows, key, cacheFile);
      }
      cached = open(cacheFile);
    }
    cached.tell(jsonl, options, notes);
    return cached;
  }

  private static TokenFile openIfCurrent(Path cacheFile, String key) {
    if (!Files.isRegularFile(cacheFile)) {
      return null;
    }
    try {
      TokenFile file = open(cacheFile);
      if (file.key.equals(key)) {
        return file;
      }
      file.close();
      return null;
    } catch (UserError damaged) {
      return null;
    }
  }

  /** Opens a token file. */
  public static TokenFile open(Path cacheFile) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(cacheFile, StandardOpenOption.READ);
      return new TokenFile(channel);
    } catch (IOException | ArithmeticException e) {
      close(channel);
      throw new UserError(
          "token file %s cannot be read (%s); delete it and start again"
              .formatted(cacheFile, e.getMessage()),
          e);
    }
  }

  private void tell(Path jsonl, TokenizeOptions options, Consumer<String> notes) {
    if (report.dropped() > 0) {
      notes.accept(
          "%s: %d of %d samples are longer than max_length %d and were dropped"
              .formatted(jsonl, report.dropped(), report.rows(), options.maxLength()));
    }
    if (report.truncated() > 0) {
      notes.accept(
          "%s: %d of %d completions were cut at max_length %d and do not end in EOS"
              .formatted(jsonl, report.truncated(), report.rows(), options.maxLength()));
    }
    if (report.boundaryMerges() > 0) {
      notes.accept(
          "%s: in %d rows the prompt's tokens are no prefix of the joined text's; prompt and completion were encoded apart"
              .formatted(jsonl, report.boundaryMerges()));
    }
  }

  /** Number of samples N. */
  public int size() {
    return ids.length;
  }

  /** The id of a sample. */
  public String id(int index) {
    return ids[index];
  }

  /** Where a sample is from; empty if its row does not say. */
  public String origin(int index) {
    return origins[index];
  }

  /** The sample with an id. */
  public OptionalInt indexOf(String id) {
    Integer index = indexOfId.get(id);
    return index == null ? OptionalInt.empty() : OptionalInt.of(index);
  }

  /** Tokens of a sample, read from disk. */
  public TokenizedSample sample(int index) {
    int[] tokens = new int[(int) (offsets[index + 1] - offsets[index])];
    ByteBuffer bytes = ByteBuffer.allocate(tokens.length * Integer.BYTES);
    long position = tokensAt + offsets[index] * Integer.BYTES;
    try {
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, position + bytes.position()) < 0) {
          throw new EOFException("sample " + index + " is cut off");
        }
      }
    } catch (IOException e) {
      throw new UserError("the token file cannot be read any more: " + e.getMessage(), e);
    }
    bytes.flip().asIntBuffer().get(tokens);
    int prompt = promptLengths[index];
    return new TokenizedSample(
        index,
        java.util.Arrays.copyOf(tokens, prompt),
        java.util.Arrays.copyOfRange(tokens, prompt, tokens.length));
  }

  /** Target tokens of a sample, without reading it. */
  public int targetTokens(int index) {
    return (int) (offsets[index + 1] - offsets[index]) - promptLengths[index];
  }

  /** SHA-256 of data, tokenizer and options. */
  public String sha256() {
    return key;
  }

  /** What tokenizing did. */
  public TokenizeReport report() {
    return report;
  }

  @Override
  public void close() {
    close(channel);
  }

  private static void close(FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
