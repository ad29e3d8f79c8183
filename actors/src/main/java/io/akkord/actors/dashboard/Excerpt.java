package io.akkord.actors.dashboard;

import java.util.Locale;

/** Long texts, cut to what an answer has room for. */
public final class Excerpt {
  /** Of a control character, which JSON escapes. */
  private static final int ESCAPED_BYTES = 6;

  private static final int LONGEST_UTF8 = 4;

  /** Shorter ones stand in lists; what they are of says the rest. */
  private static final int COUNTED_FROM = 400;

  private Excerpt() {}

  /**
   * The text or its beginning and, unless that is short, how much there is of it in brackets.
   *
   * @param bytes that it may take in JSON, but for the brackets
   */
  public static String of(String text, int bytes) {
    if ((long) text.length() * ESCAPED_BYTES <= bytes) {
      return text;
    }
    int used = 0;
    int at = 0;
    while (at < text.length()) {
      int character = text.codePointAt(at);
      used += size(character);
      if (used > bytes) {
        String begun = text.substring(0, at) + " …";
        return bytes < COUNTED_FROM
            ? begun
            : String.format(
                Locale.ROOT, "%s [the first %,d of %,d characters]", begun, at, text.length());
      }
      at += Character.charCount(character);
    }
    return text;
  }

  private static int size(int character) {
    if (character < ' ') {
      return ESCAPED_BYTES;
    }
    if (character == '"' || character == '\\') {
      return 2;
    }
    return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : LONGEST_UTF8;
  }
}
