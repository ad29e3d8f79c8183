package io.akkord.config;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A bound on memory.
 *
 * @param bytes the bound in bytes; empty: the machine decides ({@code auto})
 */
public record MemoryLimit(OptionalLong bytes) {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,9}) ?(B|KiB|MiB|GiB|TiB)");
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  /** The bound that {@code text} names, such as {@code auto} or {@code 512MiB}, if it names one. */
  static Optional<MemoryLimit> parse(String text) {
    if (text.toLowerCase(Locale.ROOT).equals("auto")) {
      return Optional.of(new MemoryLimit(OptionalLong.empty()));
    }
    Matcher size = SIZE.matcher(text.equals("0") ? "0B" : text);
    if (!size.matches()) {
      return Optional.empty();
    }
    long bytes = Long.parseLong(size.group(1));
    for (int u = 0; !UNITS[u].equals(size.group(2)); u++) {
      bytes *= 1024;
    }
    return Optional.of(new MemoryLimit(OptionalLong.of(bytes)));
  }

  /** In the largest unit that divides it, as {@link #parse} reads it. */
  @Override
  public String toString() {
    if (bytes.isEmpty()) {
      return "auto";
    }
    long amount = bytes.getAsLong();
    int unit = 0;
    while (amount > 0 && amount % 1024 == 0 && unit < UNITS.length - 1) {
      amount /= 1024;
      unit++;
    }
    return amount + UNITS[unit];
  }
}
