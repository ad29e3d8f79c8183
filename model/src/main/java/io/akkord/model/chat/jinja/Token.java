package io.akkord.model.chat.jinja;

/**
 * A piece of a template.
 *
 * @param line 1-based
 */
record Token(Kind kind, String text, int line) {
  /** What a token is. */
  enum Kind {
    /** Literal output between tags. */
    TEXT,
    BLOCK_BEGIN,
    BLOCK_END,
    VARIABLE_BEGIN,
    VARIABLE_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind wanted, String wantedText) {
    return kind == wanted && text.equals(wantedText);
  }

  boolean isOperator(String wanted) {
    return is(Kind.OPERATOR, wanted);
  }

  boolean isName(String wanted) {
    return is(Kind.NAME, wanted);
  }
}
