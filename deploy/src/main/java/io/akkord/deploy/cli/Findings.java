package io.akkord.deploy.cli;

import java.io.PrintWriter;
import java.util.Locale;

/** What a check finds, line by line, each with its verdict in front. */
final class Findings {
  private final PrintWriter out;
  private int failures;

  Findings(PrintWriter out) {
    this.out = out;
  }

  /** All is well. */
  void ok(String format, Object... arguments) {
    line("ok", format, arguments);
  }

  /** It goes, but perhaps not as wanted. */
  void warn(String format, Object... arguments) {
    line("warn", format, arguments);
  }

  /** It does not go. */
  void fail(String format, Object... arguments) {
    failures++;
    line("FAIL", format, arguments);
  }

  /** Whether anything failed. */
  boolean failed() {
    return failures > 0;
  }

  private void line(String verdict, String format, Object... arguments) {
    String text = arguments.length == 0 ? format : String.format(Locale.ROOT, format, arguments);
    // A message of several lines keeps its verdict on each.
    text.lines().forEach(line -> out.printf("%-4s  %s%n", verdict, line));
    out.flush();
  }
}
