package io.akkord.model.chat.jinja;

/** Python's escapes in string literals. */
final class Escapes {
  private Escapes() {}

  /** The text of a literal with its quotes. */
  static String unquote(String literal) {
    String body = literal.substring(1, literal.length() - 1);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < body.length(); i++) {
      char c = body.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char escaped = body.charAt(++i);
      int digits =
          switch (escaped) {
            case 'x' -> 2;
            case 'u' -> 4;
            case 'U' -> 8;
            default -> 0;
          };
      if (digits > 0 && i + digits < body.length()) {
        text.appendCodePoint(Integer.parseInt(body.substring(i + 1, i + 1 + digits), 16));
        i += digits;
      } else {
        text.append(simple(escaped));
      }
    }
    return text.toString();
  }

  private static String simple(char escaped) {
    return switch (escaped) {
      case 'n' -> "\n";
      case 't' -> "\t";
      case 'r' -> "\r";
      case 'b' -> "\b";
      case 'f' -> "\f";
      case 'v' -> "\u000b";
      case 'a' -> "\u0007";
      case '0' -> "\0";
      case '\n' -> "";
      case '\\', '\'', '"' -> String.valueOf(escaped);
      default -> "\\" + escaped;
    };
  }
}
