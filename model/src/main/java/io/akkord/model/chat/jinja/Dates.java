package io.akkord.model.chat.jinja;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** C's {@code strftime} with the directives that templates use. */
final class Dates {
  private Dates() {}

  static String format(LocalDateTime time, String format) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        text.append(c);
        continue;
      }
      char directive = format.charAt(++i);
      boolean bare = directive == '-' && i + 1 < format.length();
      String field = pattern(bare ? format.charAt(++i) : directive);
      String value =
          field.equals("%")
              ? field
              : DateTimeFormatter.ofPattern(field, Locale.ENGLISH).format(time);
      text.append(bare ? value.replaceFirst("^0+(?=.)", "") : value);
    }
    return text.toString();
  }

  private static String pattern(char directive) {
    return switch (directive) {
      case 'd' -> "dd";
      case 'm' -> "MM";
      case 'Y' -> "yyyy";
      case 'y' -> "yy";
      case 'b' -> "MMM";
      case 'B' -> "MMMM";
      case 'a' -> "EEE";
      case 'A' -> "EEEE";
      case 'H' -> "HH";
      case 'I' -> "hh";
      case 'M' -> "mm";
      case 'S' -> "ss";
      case 'p' -> "a";
      case 'j' -> "DDD";
      case 'F' -> "yyyy-MM-dd";
      case 'T' -> "HH:mm:ss";
      case '%' -> "%";
      default ->
          throw new JinjaException("strftime_now does not know %" + directive + " of its format");
    };
  }
}
