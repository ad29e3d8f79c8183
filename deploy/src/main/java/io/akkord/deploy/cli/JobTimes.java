package io.akkord.deploy.cli;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/** Times of jobs as people read them. */
final class JobTimes {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

  private JobTimes() {}

  static String text(long millis) {
    return millis == 0 ? "not yet" : TIME.format(Instant.ofEpochMilli(millis));
  }
}
