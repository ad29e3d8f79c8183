package io.akkord.deploy.state;

import io.akkord.deploy.state.LogLines.Line;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which lines are new when everything is asked for again and again. Remembers a bounded number of
 * lines.
 */
public final class LogTail {
  /** More than one answer has. */
  static final int REMEMBERED = 20_000;

  /** A run tells its page of a line a little before or after it writes it down. */
  static final long JITTER_MS = 5_000;

  private final Set<Line> seen = new LinkedHashSet<>();

  /** What a line says, without its time. */
  private record Said(String level, String node, String actor, String text) {
    static Said of(Line line) {
      return new Said(line.level(), line.node(), line.actor(), line.text());
    }
  }

  /** Passes over lines as if they had been shown. */
  public void pass(List<Line> lines) {
    lines.forEach(this::remember);
  }

  /** Lines that were not there the last time. */
  public List<Line> next(List<Line> lines) {
    return lines.stream().filter(this::remember).toList();
  }

  /**
   * Likewise for the first answer of a run's folder after those of its page, where the times of the
   * same lines are not quite the same.
   */
  public List<Line> nextFromElsewhere(List<Line> lines) {
    Map<Said, List<Long>> shown = new HashMap<>();
    seen.forEach(
        line -> shown.computeIfAbsent(Said.of(line), said -> new ArrayList<>()).add(line.at()));
    List<Line> fresh = new ArrayList<>();
    for (Line line : lines) {
      if (!taken(shown.getOrDefault(Said.of(line), new ArrayList<>()), line.at())) {
        fresh.add(line);
      }
      remember(line);
    }
    return fresh;
  }

  /** Takes the one out that was shown for this one. */
  private static boolean taken(List<Long> times, long at) {
    for (Iterator<Long> each = times.iterator(); each.hasNext(); ) {
      if (Math.abs(each.next() - at) <= JITTER_MS) {
        each.remove();
        return true;
      }
    }
    return false;
  }

  private boolean remember(Line line) {
    boolean fresh = seen.add(line);
    if (seen.size() > REMEMBERED) {
      Iterator<Line> oldest = seen.iterator();
      oldest.next();
      oldest.remove();
    }
    return fresh;
  }
}
