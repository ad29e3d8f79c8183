package io.akkord.deploy.cli;

import picocli.CommandLine.Model.UsageMessageSpec;

/** How wide a line may be. */
final class Terminal {
  /** In a log or a pipe. */
  private static final int WITHOUT_TERMINAL = 120;

  /** Texts cut shorter than this say nothing. */
  private static final int LEAST = 40;

  private Terminal() {}

  /** The room that a line has behind {@code used} characters. */
  static int left(int used) {
    return Math.max(LEAST, columns() - used);
  }

  /** A text on one line of at most {@code limit} characters. */
  static String oneLine(String text, int limit) {
    String line = text.strip().replaceAll("\\s+", " ");
    if (line.codePointCount(0, line.length()) <= limit) {
      return line;
    }
    return line.substring(0, line.offsetByCodePoints(0, limit - 1)) + "…";
  }

  /** From Java 22 on there always is a console; then the width found for it counts. */
  @SuppressWarnings("SystemConsoleNull")
  private static int columns() {
    if (System.console() == null) {
      return WITHOUT_TERMINAL;
    }
    return new UsageMessageSpec().autoWidth(true).width();
  }
}
