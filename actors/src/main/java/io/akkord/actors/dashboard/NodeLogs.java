package io.akkord.actors.dashboard;

import io.akkord.actors.node.NodeLine;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a run's worker processes have said: the ends of the files in {@code logs/} of its folder, so
 * the death of who said it takes nothing away.
 */
public final class NodeLogs {
  private static final Pattern STAMPED =
      Pattern.compile(
          "(\\d\\d:\\d\\d:\\d\\d)(?:\\.\\d+)? (TRACE|DEBUG|INFO|WARN|ERROR) +(?:([\\w.$-]+) - )?(.*)");

  /** What follows a line and belongs to it. */
  private static final Pattern TRACE =
      Pattern.compile("\\s.*|Caused by: .*|(?:[\\w$]+\\.)+\\w+(?:Exception|Error)\\b.*");

  private static final long DAY_MS = 86_400_000;

  /** Files that are read; a run has one a worker. */
  private static final int FILES = 256;

  /** Bytes of the end of one. */
  private static final int TAIL = 128 << 10;

  private static final int KB = 1000;

  private NodeLogs() {}

  /** Lines of all processes of the run in a folder, those of each in their order; number 0. */
  public static List<LogLine> of(Path outputDir) {
    List<LogLine> lines = new ArrayList<>();
    Path folder = outputDir.resolve("logs");
    if (!Files.isDirectory(folder)) {
      return lines;
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> logs =
          files.filter(f -> f.toString().endsWith(".log")).sorted().limit(FILES).toList();
      for (Path file : logs) {
        read(file, lines);
      }
    } catch (IOException e) {
      String text = folder + " cannot be read: " + e;
      lines.add(new LogLine(0, 0, "warn", LogLine.RUN, "dashboard", text));
    }
    return lines;
  }

  /**
   * The end of a file, from a whole line on.
   *
   * @param left bytes before it
   */
  private record Tail(String text, long left) {
    static Tail of(Path file) throws IOException {
      try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
        long from = Math.max(0, in.length() - TAIL);
        in.seek(from);
        byte[] bytes = new byte[(int) Math.min(TAIL, in.length() - from)];
        in.readFully(bytes);
        String text = new String(bytes, StandardCharsets.UTF_8);
        return new Tail(from == 0 ? text : text.substring(text.indexOf('\n') + 1), from);
      }
    }
  }

  private static void read(Path file, List<LogLine> lines) throws IOException {
    Tail tail = Tail.of(file);
    List<LogLine> own = parse(file, tail.text());
    if (tail.left() > 0 && !own.isEmpty()) {
      LogLine first = own.get(0);
      String text = "%d kB before this are in %s".formatted(tail.left() / KB + 1, file);
      lines.add(new LogLine(0, first.at(), "info", first.source(), "dashboard", text));
    }
    lines.addAll(own);
  }

  /** A line has the time of the day; the file's own time says which day it was. */
  private static List<LogLine> parse(Path file, String tail) throws IOException {
    String who = file.getFileName().toString().replaceFirst("\\.log$", "");
    Instant written = Files.getLastModifiedTime(file).toInstant();
    LocalDate day = LocalDate.ofInstant(written, ZoneId.systemDefault());
    List<LogLine> lines = new ArrayList<>();
    LogLine last = new LogLine(0, written.toEpochMilli(), "info", who, "", "");
    for (String text : tail.split("\\R")) {
      Matcher stamped = STAMPED.matcher(text);
      if (stamped.matches()) {
        LocalDateTime time = LocalDateTime.of(day, LocalTime.parse(stamped.group(1)));
        long at = time.atZone(ZoneId.systemDefault()).toInstant().toEpochMilli();
        at = at > written.toEpochMilli() + 1000 ? at - DAY_MS : at;
        String level = stamped.group(2).toLowerCase(Locale.ROOT).replace("trace", "debug");
        String actor = stamped.group(3) == null ? "" : NodeLine.actor(stamped.group(3));
        last = new LogLine(0, at, level, who, actor, cut(stamped.group(4)));
        lines.add(last);
      } else if (TRACE.matcher(text).matches() && !text.isBlank()) {
        lines.add(new LogLine(0, last.at(), last.level(), who, last.actor(), cut(text)));
      } else if (!text.isBlank()) {
        lines.add(new LogLine(0, last.at(), "info", who, "", cut(text)));
      }
    }
    return lines;
  }

  private static String cut(String text) {
    return text.length() <= LogRing.LONGEST ? text : text.substring(0, LogRing.LONGEST) + " …";
  }
}
