package io.akkord.actors.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.function.Supplier;

/** What happened, line by line; lines are only made when somebody is to read them. */
final class Transcript {
  private static final int MOST = 4000;
  private static final int LONGEST = 300;

  private final Deque<String> lines = new ArrayDeque<>();
  private boolean kept;
  private long hash;

  void keep(boolean keep) {
    kept = keep;
  }

  void clear() {
    lines.clear();
    hash = 17;
  }

  /**
   * Something that happened.
   *
   * @param mark goes into the hash of the history even when no line is kept
   */
  void add(long nanos, long mark, Supplier<String> text) {
    hash = hash * 31 + nanos * 7 + mark;
    if (kept) {
      String line = String.format(Locale.ROOT, "%14.6f s  %s", nanos / 1e9, text.get());
      lines.add(line.length() > LONGEST ? line.substring(0, LONGEST) + " …" : line);
      if (lines.size() > MOST) {
        lines.removeFirst();
      }
    }
  }

  /** Two runs of a seed have the same. */
  long hash() {
    return hash;
  }

  String text() {
    return String.join("\n", lines);
  }
}
