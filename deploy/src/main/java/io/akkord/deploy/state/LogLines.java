package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What was said in a run: its own log and those of its worker processes, by time. It is read from
 * files, so the death of who said it takes nothing away.
 */
public final class LogLines {
  private static final Pattern STAMPED =
      Pattern.compile("(\\d\\d:\\d\\d:\\d\\d)(?:\\.\\d+)? (\\w+) +(.*)");
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
    lines.addAll(workers(source.folder().resolve("logs")));
    return lines.stream()
        .filter(line -> LEVELS.indexOf(line.level()) >= least)
        .filter(line -> line.who().contains(who))
        .sorted(Comparator.comparingLong(Line::at))
        .toList();
  }

  private static List<Line> workers(Path folder) {
    List<Line> lines = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return lines;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".log")).sorted().toList()) {
        read(file, lines);
      }
    } catch (IOException e) {
      throw new UserError("%s cannot be read: %s".formatted(folder, e.getMessage()), e);
    }
    return lines;
  }

  /** A worker's lines have the time of the day; the file's own time says which day it was. */
  private static void read(Path file, List<Line> lines) throws IOException {
    String who = file.getFileName().toString().replaceFirst("\\.log$", "");
    Instant written = Files.getLastModifiedTime(file).toInstant();
    LocalDate day = LocalDate.ofInstant(written, ZoneId.systemDefault());
    long last = 0;
    List<Line> own = new ArrayList<>();
    for (String text : new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\\R")) {
      Matcher stamped = STAMPED.matcher(text);
      if (stamped.matches()) {
        LocalDateTime time = LocalDateTime.of(day, LocalTime.parse(stamped.group(1)));
        long at = time.atZone(ZoneId.systemDefault()).toInstant().toEpochMilli();
        last = at > written.toEpochMilli() + 1000 ? at - 86_400_000 : at;
        own.add(
            new Line(
                last, stamped.group(2).toLowerCase(java.util.Locale.ROOT), who, stamped.group(3)));
      } else if (!text.isBlank()) {
        own.add(new Line(last == 0 ? written.toEpochMilli() : last, "info", who, text));
      }
    }
    lines.addAll(own);
  }
}
