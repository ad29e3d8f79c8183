package io.akkord.actors.node;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * What this process has said of late, numbered, so that each control node can be given what it does
 * not have yet, and one that comes later the same. For many threads.
 */
public final class NodeLog {
  /** Lines kept; what goes out between two questions fits many times over. */
  static final int KEPT = 2_000;

  /** Bytes kept. */
  static final int KEPT_BYTES = 1 << 20;

  /** Lines of one answer. */
  static final int SENT = 200;

  /** Bytes of one answer: a message that is sent anyway stays small. */
  static final int SENT_BYTES = 64 << 10;

  /** Characters of one line. */
  public static final int LONGEST = 4_000;

  /** What a line takes beside its text. */
  private static final int OVERHEAD = 64;

  /**
   * How far somebody has read.
   *
   * @param stream of which process; 0: of none
   * @param number of the last line
   */
  public record Position(long stream, long number) {
    /** Nothing is known yet. */
    public static final Position NONE = new Position(0, 0);
  }

  /** Lines of one process, in their order. */
  public record Part(long stream, List<NodeLine> lines) {
    /** Of nobody. */
    static final Part NONE = new Part(0, List.of());
  }

  private record Kept(NodeLine line, int bytes) {}

  private final long stream;
  private final ArrayDeque<Kept> kept = new ArrayDeque<>();
  private long bytes;
  private long next = 1;

  NodeLog(long stream) {
    this.stream = stream;
  }

  /** The log of this process; empty yet. */
  public static NodeLog create() {
    return new NodeLog(new SecureRandom().nextLong() | 1);
  }

  /** Takes a line. */
  public synchronized void add(long at, String level, String actor, String text) {
    String shown = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + " …";
    int size = shown.getBytes(StandardCharsets.UTF_8).length + OVERHEAD;
    kept.addLast(new Kept(new NodeLine(next++, at, level, actor, shown), size));
    bytes += size;
    while (kept.size() > KEPT || bytes > KEPT_BYTES) {
      bytes -= kept.removeFirst().bytes();
    }
  }

  /** What comes after a position, as much as one message may carry. */
  synchronized Part after(Position have) {
    long from = have.stream() == stream ? have.number() : 0;
    List<NodeLine> lines = new ArrayList<>();
    int size = 0;
    for (Kept next : kept) {
      if (next.line().number() > from) {
        size += next.bytes();
        if (lines.size() == SENT || size > SENT_BYTES) {
          break;
        }
        lines.add(next.line());
      }
    }
    return new Part(stream, lines);
  }
}
