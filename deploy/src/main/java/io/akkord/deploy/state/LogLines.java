package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** What was said in a run: its own log and those of its worker processes, by time. */
public final class LogLines {
  private static final List<String> LEVELS = List.of("debug", "info", "warn", "error");
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

  /** One line; {@code at} in milliseconds since 1970. */
  public record Line(long at, String level, String who, String text) {
    /** As it is printed. */
    @Override
    public String toString() {
      return "%s %-5s %-14s %s"
          .formatted(CLOCK.format(Instant.ofEpochMilli(at)), level, who, Table.safe(text));
    }
  }

  private LogLines() {}

  /**
   * Lines by time.
   *
   * @param who part of the name of a worker or an actor; empty: all
   * @param level the least
   */
  public static List<Line> of(StateSource source, String who, String level) {
    int least = LEVELS.indexOf(level);
    if (least < 0) {
      throw new UserError(
          "--level is '%s'; allowed are %s".formatted(level, String.join(", ", LEVELS)));
    }
    List<Line> lines = new ArrayList<>();
    for (JsonNode row : source.get(List.of("logs"), Map.of("limit", "2000")).path("rows")) {
      lines.add(
          new Line(
              row.path("at").asLong(),
              row.path("level").asText(),
              row.path("source").asText(),
              row.path("text").asText()));
    }
    return lines.stream()
        .filter(line -> LEVELS.indexOf(line.level()) >= least)
        .filter(line -> line.who().contains(who))
        .sorted(Comparator.comparingLong(Line::at))
        .toList();
  }
}
