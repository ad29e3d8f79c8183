package io.akkord.actors.content;

import java.util.Locale;

/** Numbers of bytes for people. */
public final class ByteText {
  private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB"};
  private static final int THOUSAND = 1000;

  private ByteText() {}

  /** For example 1.2 GB; powers of a thousand. */
  public static String of(long bytes) {
    if (bytes < THOUSAND) {
      return bytes + " bytes";
    }
    double value = bytes;
    int unit = -1;
    // What would be rounded to 1000.0 is one of the next unit.
    while (value >= THOUSAND - 0.05 && unit < UNITS.length - 1) {
      value /= THOUSAND;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
  }
}
