package io.akkord.actors.dashboard;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;

/** The latest lines; long ones are cut. */
public final class LogRing {
  /** Lines kept. */
  public static final int CAPACITY = 2_000;

  /** Characters kept of one line. */
  public static final int LONGEST = 4_000;

  private final ArrayDeque<LogLine> lines = new ArrayDeque<>();
  private long next;
  private long left;

  /**
   * An empty one.
   *
   * @param next number of the first line
   */
  LogRing(long next) {
    this.next = next;
  }

  long next() {
    return next;
  }

  /** Older lines that made room. */
  public long left() {
    return left;
  }

  void add(long at, String level, String source, String actor, String text) {
    if (lines.size() == CAPACITY) {
      lines.removeFirst();
      left++;
    }
    String shown = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + " …";
    lines.addLast(new LogLine(next++, at, level, source, actor, shown));
  }

  /**
   * Lines after {@code after}, oldest first.
   *
   * @param level the least; empty: all
   * @param query part of the text or source, any case; empty: all
   * @param limit the newest so many
   */
  public List<LogLine> find(long after, String level, String query, int limit) {
    String wanted = query.toLowerCase(Locale.ROOT);
    List<LogLine> found =
        lines.stream()
            .filter(line -> line.number() > after)
            .filter(line -> level.isEmpty() || line.atLeast(level))
            .filter(
                line ->
                    wanted.isEmpty()
                        || line.text().toLowerCase(Locale.ROOT).contains(wanted)
                        || line.source().toLowerCase(Locale.ROOT).contains(wanted))
            .toList();
    return found.subList(Math.max(0, found.size() - limit), found.size());
  }
}
