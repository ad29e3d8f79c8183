package io.akkord.actors.node;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** The latest lines of one node; the oldest make room. */
final class NodeLines {
  /** Lines kept. */
  static final int KEPT = 2_000;

  /** Characters kept. */
  static final int KEPT_CHARACTERS = 1 << 19;

  private final ArrayDeque<NodeLine> lines = new ArrayDeque<>();
  private long characters;
  private long left;

  void add(NodeLine line) {
    lines.addLast(line);
    characters += line.text().length();
    while (lines.size() > KEPT || characters > KEPT_CHARACTERS) {
      characters -= lines.removeFirst().text().length();
      left++;
    }
  }

  List<NodeLine> all() {
    return new ArrayList<>(lines);
  }

  /** Lines that made room. */
  long left() {
    return left;
  }
}
