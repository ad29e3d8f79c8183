package io.akkord.model.chat.jinja;

import io.akkord.model.chat.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens with {@code trim_blocks} and {@code lstrip_blocks} on: a newline
 * behind a block goes, and so does white space in front of a block that begins a line.
 */
final class Lexer {
  private static final Pattern TAG = Pattern.compile("\\{([{%#])([-+]?)");
  private static final Pattern RAW_BEGIN = Pattern.compile("\\G\\{%([-+]?)\\s*raw\\s*(-?)%}");
  private static final Pattern RAW_END =
      Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\\n?)");
  private static final Pattern COMMENT_END = Pattern.compile("(?:\\+#}|-#}\\s*|#}\\n?)");
  private static final Pattern BLOCK_END = Pattern.compile("\\G(?:\\+%}|-%}\\s*|%}\\n?)");
  private static final Pattern VARIABLE_END = Pattern.compile("\\G(?:-}}\\s*|}})");
  private static final Pattern SPACE = Pattern.compile("\\G\\s+");
  private static final Pattern NUMBER =
      Pattern.compile("\\G\\d[\\d_]*(\\.\\d[\\d_]*)?([eE][+-]?\\d+)?");
  private static final Pattern NAME = Pattern.compile("\\G[\\p{L}_][\\p{L}\\p{N}_]*");
  private static final Pattern STRING =
      Pattern.compile("\\G(?:'(?:[^'\\\\]|\\\\.)*+'|\"(?:[^\"\\\\]|\\\\.)*+\")", Pattern.DOTALL);
  private static final Pattern OPERATOR =
      Pattern.compile("\\G(?:\\*\\*|//|==|!=|<=|>=|[-+*/%~|.,:()\\[\\]{}<>=])");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private boolean lineStarts = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String text = template.replace("\r\n", "\n").replace('\r', '\n');
    // As Jinja's keep_trailing_newline = False.
    return new Lexer(text.endsWith("\n") ? text.substring(0, text.length() - 1) : text).run();
  }

  private List<Token> run() {
    Matcher tag = TAG.matcher(source);
    while (tag.find(at)) {
      boolean variable = tag.group(1).equals("{");
      put(Kind.TEXT, textBefore(tag.start(), tag.group(2), variable));
      at = tag.start();
      Matcher raw = RAW_BEGIN.matcher(source);
      if (raw.find(at)) {
        raw(raw);
      } else if (tag.group(1).equals("#")) {
        skip(COMMENT_END, tag.end(), "a comment {# has no end");
      } else {
        at = tag.end();
        put(variable ? Kind.VARIABLE_BEGIN : Kind.BLOCK_BEGIN, "");
        inside(variable ? VARIABLE_END : BLOCK_END);
        put(variable ? Kind.VARIABLE_END : Kind.BLOCK_END, "");
      }
      lineStarts = source.charAt(at - 1) == '\n';
    }
    put(Kind.TEXT, source.substring(at));
    put(Kind.END, "");
    return tokens;
  }

  private String textBefore(int end, String sign, boolean variable) {
    String text = source.substring(at, end);
    if (sign.equals("-")) {
      return text.stripTrailing();
    }
    if (variable || sign.equals("+")) {
      return text;
    }
    int lastLine = text.lastIndexOf('\n') + 1;
    boolean blank = text.substring(lastLine).isBlank();
    return (lastLine > 0 || lineStarts) && blank ? text.substring(0, lastLine) : text;
  }

  private void raw(Matcher begin) {
    int from = begin.end();
    Matcher end = RAW_END.matcher(source);
    if (!end.find(from)) {
      throw JinjaException.at(line(at), "a raw block has no {% endraw %}");
    }
    String text = source.substring(from, end.start());
    text = begin.group(2).isEmpty() ? text : text.stripLeading();
    put(Kind.TEXT, end.group(1).equals("-") ? text.stripTrailing() : text);
    at = end.end();
  }

  private void skip(Pattern until, int from, String problem) {
    Matcher end = until.matcher(source);
    if (!end.find(from)) {
      throw JinjaException.at(line(at), problem);
    }
    at = end.end();
  }

  /** Tokens up to the end of a tag; an end inside brackets belongs to the expression. */
  private void inside(Pattern end) {
    int begin = at;
    int depth = 0;
    while (true) {
      next(SPACE);
      if (depth == 0 && next(end) != null) {
        return;
      }
      if (at >= source.length()) {
        throw JinjaException.at(line(begin), "a tag has no end");
      }
      depth += expressionToken();
    }
  }

  private int expressionToken() {
    int from = at;
    String text = next(STRING);
    if (text != null) {
      tokens.add(new Token(Kind.STRING, Escapes.unquote(text), line(from)));
      return 0;
    }
    text = next(NUMBER);
    if (text != null) {
      boolean whole = text.matches("[\\d_]+");
      put(whole ? Kind.INTEGER : Kind.FLOAT, text.replace("_", ""));
      return 0;
    }
    text = next(NAME);
    if (text != null) {
      put(Kind.NAME, text);
      return 0;
    }
    text = next(OPERATOR);
    if (text == null) {
      throw JinjaException.at(line(at), "unexpected character '%c'".formatted(source.charAt(at)));
    }
    put(Kind.OPERATOR, text);
    return "([{".contains(text) ? 1 : ")]}".contains(text) ? -1 : 0;
  }

  private String next(Pattern pattern) {
    Matcher matcher = pattern.matcher(source);
    if (!matcher.find(at)) {
      return null;
    }
    at = matcher.end();
    return matcher.group();
  }

  private void put(Kind kind, String text) {
    if (kind != Kind.TEXT || !text.isEmpty()) {
      tokens.add(new Token(kind, text, line(at)));
    }
  }

  private int line(int position) {
    return 1 + (int) source.substring(0, position).chars().filter(c -> c == '\n').count();
  }
}
