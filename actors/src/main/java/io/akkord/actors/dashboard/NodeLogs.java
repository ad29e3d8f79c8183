package io.akkord.actors.dashboard;

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
      Pattern.compile("(\\d\\d:\\d\\d:\\d\\d)(?:\\.\\d+)? (\\w+) +(.*)");
  private static final long DAY_MS = 86_400_000;

  /** Files that are read; a run has one a worker. */
  private static final int FILES = 256;

  /** Bytes of the end of one. */
  private static final int TAIL = 128 << 10;

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
      lines.add(new LogLine(0, 0, "warn", "dashboard", folder + " cannot be read: " + e));
    }
    return lines;
  }

  private static String tail(Path file) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      long from = Math.max(0, in.length() - TAIL);
      in.seek(from);
      byte[] bytes = new byte[(int) Math.min(TAIL, in.length() - from)];
      in.readFully(bytes);
      String text = new String(bytes, StandardCharsets.UTF_8);
      return from == 0 ? text : text.substring(text.indexOf('\n') + 1);
    }
  }

  /** A line has the time of the day; the file's own time says which day it was. */
  private static void read(Path file, List<LogLine> lines) throws IOException {
    String who = file.getFileName().toString().replaceFirst("\\.log$", "");
    Instant written = Files.getLastModifiedTime(file).toInstant();
    LocalDate day = LocalDate.ofInstant(written, ZoneId.systemDefault());
    long last = 0;
    for (String text : tail(file).split("\\R")) {
      Matcher stamped = STAMPED.matcher(text);
      if (stamped.matches()) {
        LocalDateTime time = LocalDateTime.of(day, LocalTime.parse(stamped.group(1)));
        long at = time.atZone(ZoneId.systemDefault()).toInstant().toEpochMilli();
        last = at > written.toEpochMilli() + 1000 ? at - DAY_MS : at;
        String level = stamped.group(2).toLowerCase(Locale.ROOT);
        lines.add(new LogLine(0, last, level, who, cut(stamped.group(3))));
      } else if (!text.isBlank()) {
        long at = last == 0 ? written.toEpochMilli() : last;
        lines.add(new LogLine(0, at, "info", who, cut(text)));
      }
    }
  }

  private static String cut(String text) {
    return text.length() <= LogRing.LONGEST ? text : text.substring(0, LogRing.LONGEST) + " …";
  }
}
