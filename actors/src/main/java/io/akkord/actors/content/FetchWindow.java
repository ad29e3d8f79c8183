package io.akkord.actors.content;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Which chunks of one file are here, asked for, or still to be asked for. Pure. */
final class FetchWindow {
  private final long size;
  private final int chunkBytes;
  private final int most;
  private final int count;
  private final BitSet written;
  private final Map<Integer, Integer> attempts = new HashMap<>();
  private final BitSet writing = new BitSet();
  private long bytesDone;
  private int next;

  /**
   * A window over a file.
   *
   * @param before chunks that are here
   * @param most chunks asked for at the same time
   */
  FetchWindow(long size, int chunkBytes, BitSet before, int most) {
    this.size = size;
    this.chunkBytes = chunkBytes;
    this.most = most;
    this.count = Math.toIntExact((size + chunkBytes - 1) / chunkBytes);
    this.written = (BitSet) before.clone();
    this.bytesDone = written.stream().mapToLong(this::length).sum();
  }

  /** Chunks to ask for now, for the first time. */
  List<Integer> ask() {
    List<Integer> chunks = new ArrayList<>();
    while (attempts.size() + writing.cardinality() < most) {
      next = written.nextClearBit(next);
      if (next >= count) {
        break;
      }
      attempts.put(next, 1);
      chunks.add(next);
      next++;
    }
    return chunks;
  }

  /** Chunks that were asked for and are not here. */
  List<Integer> asked() {
    return attempts.keySet().stream().sorted().toList();
  }

  /** The attempt a chunk is in; empty if it is not waited for. */
  OptionalInt attempt(int chunk) {
    Integer attempt = attempts.get(chunk);
    return attempt == null ? OptionalInt.empty() : OptionalInt.of(attempt);
  }

  /** A chunk is asked for once more; it must be waited for. */
  void askAgain(int chunk) {
    attempts.merge(chunk, 1, Integer::sum);
  }

  /** Another server is asked: everything counts from 1 again. */
  void startCounting() {
    attempts.replaceAll((chunk, attempt) -> 1);
  }

  /** A chunk came; false if it is not waited for, or has another length. */
  boolean arrived(long chunk, int bytes) {
    boolean wanted =
        chunk >= 0
            && chunk < count
            && attempts.containsKey((int) chunk)
            && bytes == length((int) chunk);
    if (wanted) {
      attempts.remove((int) chunk);
      writing.set((int) chunk);
    }
    return wanted;
  }

  /** A chunk is on disk. */
  void written(int chunk) {
    writing.clear(chunk);
    written.set(chunk);
    bytesDone += length(chunk);
  }

  boolean complete() {
    return written.cardinality() == count;
  }

  long offset(int chunk) {
    return (long) chunk * chunkBytes;
  }

  int length(int chunk) {
    return (int) Math.min(chunkBytes, size - offset(chunk));
  }

  /** Bytes on disk. */
  long bytesDone() {
    return bytesDone;
  }
}
