package io.akkord.model.chat.jinja;

/** A template that cannot be read or that refuses its input; the message names the line. */
public final class JinjaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean located;

  /** Without a line; the tag in which it happens adds it. */
  JinjaException(String problem) {
    this(problem, false);
  }

  private JinjaException(String message, boolean located) {
    super(message);
    this.located = located;
  }

  static JinjaException at(int line, String problem) {
    return new JinjaException("template line " + line + ": " + problem, true);
  }

  /** This problem with a line, unless it has one. */
  JinjaException in(int line) {
    return located ? this : at(line, getMessage());
  }
}
