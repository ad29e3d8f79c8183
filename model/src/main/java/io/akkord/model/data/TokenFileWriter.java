package io.akkord.model.data;

import io.akkord.model.UserError;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Writes token files: tokens to a side file first, then the head in front of them, then one rename.
 */
final class TokenFileWriter {
  /** The configurations too: from them come the vocabulary's size and, at need, the EOS. */
  private static final List<String> TOKENIZER_FILES =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "chat_template.jinja",
          "config.json",
          "generation_config.json");

  private TokenFileWriter() {}

  /** SHA-256 of all that the tokens depend on. */
  static String key(Path jsonl, Path modelFolder, TokenizeOptions options) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      addFile(digest, jsonl);
      for (String name : TOKENIZER_FILES) {
        addFile(digest, modelFolder.resolve(name));
      }
      digest.update(options.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UserError("%s cannot be read: %s".formatted(jsonl, e.getMessage()), e);
    }
  }

  private static void addFile(MessageDigest digest, Path file) throws IOException {
    digest.update((byte) 0);
    if (Files.isRegularFile(file)) {
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(java.io.OutputStream.nullOutputStream());
      }
    }
  }

  static void write(Path jsonl, RowTokenizer tokenizer, String key, Path target) {
    try {
      if (target.toAbsolutePath().getParent() != null) {
        Files.createDirectories(target.toAbsolutePath().getParent());
      }
      // Two processes may tokenize the same file: each has its own parts, the later rename wins.
      String own = "." + UUID.randomUUID();
      Path tokens = sibling(target, own + ".body");
      Path whole = sibling(target, own + ".part");
      try {
        writeWhole(jsonl, tokenizer, key, tokens, whole);
        Files.move(
            whole, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(tokens);
        Files.deleteIfExists(whole);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new UserError(
          "the token file %s cannot be written: %s; check space and permissions"
              .formatted(target, e.getMessage()),
          e);
    }
  }

  private static Path sibling(Path target, String suffix) {
    return target.resolveSibling(target.getFileName() + suffix);
  }

  private static void writeWhole(
      Path jsonl, RowTokenizer tokenizer, String key, Path tokens, Path whole) throws IOException {
    ByteArrayOutputStream rows = new ByteArrayOutputStream();
    int samples = writeTokens(jsonl, tokenizer, tokens, new DataOutputStream(rows));
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    DataOutputStream fields = new DataOutputStream(head);
    fields.writeUTF(key);
    TokenizeReport report = tokenizer.report();
    fields.writeInt(report.rows());
    fields.writeInt(report.dropped());
    fields.writeInt(report.truncated());
    fields.writeInt(report.boundaryMerges());
    fields.writeLong(report.promptTokens());
    fields.writeLong(report.targetTokens());
    fields.writeInt(samples);
    if (samples == 0) {
      throw new UserError(
          "%s: none of its %d rows is left to train on (%d were longer than max_length); raise max_length"
              .formatted(jsonl, report.rows(), report.dropped()));
    }
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(whole)))) {
      out.writeLong(TokenFile.MAGIC);
      out.writeLong(16L + head.size() + rows.size());
      head.writeTo(out);
      rows.writeTo(out);
      Files.copy(tokens, out);
    }
  }

  /** Returns the number of samples. */
  private static int writeTokens(
      Path jsonl, RowTokenizer tokenizer, Path tokens, DataOutputStream rows) throws IOException {
    int[] samples = {0};
    long[] offset = {0};
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(tokens)))) {
      DataFile.read(
          jsonl,
          row -> {
            try {
              Optional<TokenizedSample> sample = tokenizer.sample(samples[0], row);
              if (sample.isPresent()) {
                offset[0] += sample.get().length();
                put(sample.get().promptIds(), out);
                put(sample.get().completionIds(), out);
                rows.writeUTF(row.id());
                rows.writeUTF(row.origin());
                rows.writeLong(offset[0]);
                rows.writeInt(sample.get().promptIds().length);
                samples[0]++;
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
    return samples[0];
  }

  private static void put(int[] ids, DataOutputStream out) throws IOException {
    for (int id : ids) {
      out.writeInt(id);
    }
  }
}
