package io.akkord.actors.run;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.function.Consumer;

/** A file of lines that somebody else goes on writing. */
final class TailedFile {
  private static final int BLOCK = 1 << 20;

  /** A longer line is nothing of ours. */
  private static final int LONGEST_LINE = 64 << 20;

  private final Path file;
  private long offset;
  private Object key;

  TailedFile(Path file) {
    this.file = file;
  }

  /** Whether what was read is no longer what is there: a resume cuts files. */
  boolean replaced() throws IOException {
    if (offset == 0) {
      return false;
    }
    if (!Files.exists(file)) {
      return true;
    }
    BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
    return now.size() < offset || !Objects.equals(now.fileKey(), key);
  }

  void restart() {
    offset = 0;
    key = null;
  }

  /** Bytes written until now. */
  long size() throws IOException {
    return Files.exists(file) ? Files.size(file) : 0;
  }

  /**
   * Hands over the whole lines since the last call; one that is still being written waits.
   *
   * @param end bytes of the file that may be read
   */
  void lines(long end, Consumer<String> consumer) throws IOException {
    if (!Files.exists(file) || end <= offset) {
      return;
    }
    // Another file in this one's place has another key, and that must not be forgotten here.
    if (offset == 0) {
      key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      in.seek(offset);
      long left = end - offset;
      byte[] pending = new byte[0];
      byte[] block = new byte[(int) Math.min(BLOCK, left)];
      for (int read = in.read(block); read > 0; read = next(in, block, left)) {
        left -= read;
        int from = 0;
        for (int i = 0; i < read; i++) {
          if (block[i] == '\n') {
            consumer.accept(text(pending, block, from, i));
            offset += pending.length + (long) (i + 1 - from);
            pending = new byte[0];
            from = i + 1;
          }
        }
        pending = join(pending, block, from, read);
        if (pending.length > LONGEST_LINE) {
          throw new IOException(file + ": a line is longer than " + LONGEST_LINE + " bytes");
        }
      }
    }
  }

  private static int next(RandomAccessFile in, byte[] block, long left) throws IOException {
    return left == 0 ? 0 : in.read(block, 0, (int) Math.min(block.length, left));
  }

  private static String text(byte[] pending, byte[] block, int from, int to) {
    return pending.length == 0
        ? new String(block, from, to - from, StandardCharsets.UTF_8)
        : new String(join(pending, block, from, to), StandardCharsets.UTF_8);
  }

  private static byte[] join(byte[] head, byte[] block, int from, int to) {
    byte[] all = java.util.Arrays.copyOf(head, head.length + to - from);
    System.arraycopy(block, from, all, head.length, to - from);
    return all;
  }
}
