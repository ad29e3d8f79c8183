package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.actors.dashboard.LogLine;
import io.akkord.model.UserError;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What was said, by time: a run's own log, those of its worker processes, those of a cluster's
 * nodes.
 *
 * @param lines the newest that match, oldest first
 * @param matching how many match
 * @param older where lines are that are not among them
 */
public record LogLines(
    List<Line> lines, long matching, List<String> nodes, List<String> actors, List<String> older) {
  /** Lines of one answer. */
  public static final int MOST = 10_000;

  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

  /** One line; {@code at} in milliseconds since 1970. */
  public record Line(long at, String level, String node, String actor, String text) {
    /** As it is printed. */
    @Override
    public String toString() {
      String who = actor.isEmpty() ? node : node + " " + actor;
      return "%s %-5s %-24s %s"
          .formatted(
              CLOCK.format(Instant.ofEpochMilli(at)), level, Table.safe(who), Table.safe(text));
    }
  }

  /**
   * Which lines are wanted.
   *
   * @param node empty: of all
   * @param actor empty: of all
   * @param level the least
   */
  public record Wish(String node, String actor, String level) {
    /** Refuses a level that is none. */
    public Wish {
      if (!LogLine.LEVELS.contains(level)) {
        throw new UserError(
            "--level is '%s'; allowed are %s".formatted(level, String.join(", ", LogLine.LEVELS)));
      }
    }
  }

  /**
   * Asks for them.
   *
   * @param most the newest so many
   */
  public static LogLines of(Answers answers, Wish wish, int most) {
    Map<String, String> query = new HashMap<>();
    query.put("level", wish.level());
    query.put("node", wish.node());
    query.put("actor", wish.actor());
    query.put("limit", String.valueOf(Math.min(MOST, most)));
    JsonNode said = answers.get(List.of("logs"), query);
    List<Line> lines = new ArrayList<>();
    for (JsonNode row : said.path("rows")) {
      lines.add(
          new Line(
              row.path("at").asLong(),
              row.path("level").asText(),
              row.path("source").asText(),
              row.path("actor").asText(),
              row.path("text").asText()));
    }
    return new LogLines(
        lines,
        said.path("matching").asLong(),
        texts(said.path("sources")),
        texts(said.path("actors")),
        texts(said.path("older")));
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(text -> texts.add(text.asText()));
    return texts;
  }
}
