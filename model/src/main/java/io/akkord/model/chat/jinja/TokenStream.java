package io.akkord.model.chat.jinja;

import io.akkord.model.chat.jinja.Token.Kind;
import java.util.List;

/** Tokens with a place to read from. */
final class TokenStream {
  private final List<Token> tokens;
  private int at;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  Token peek(int ahead) {
    return tokens.get(Math.min(at + ahead, tokens.size() - 1));
  }

  Token next() {
    return tokens.get(at < tokens.size() - 1 ? at++ : at);
  }

  boolean skipOperator(String text) {
    boolean there = peek().isOperator(text);
    at += there ? 1 : 0;
    return there;
  }

  boolean skipName(String text) {
    boolean there = peek().isName(text);
    at += there ? 1 : 0;
    return there;
  }

  void operator(String text) {
    if (!skipOperator(text)) {
      throw expected("'" + text + "'");
    }
  }

  String name() {
    if (peek().kind() != Kind.NAME) {
      throw expected("a name");
    }
    return next().text();
  }

  void expect(Kind kind) {
    if (next().kind() != kind) {
      at--;
      throw expected(kind == Kind.BLOCK_END ? "%}" : "}}");
    }
  }

  JinjaException expected(String wanted) {
    Token found = peek();
    String shown = found.text().isEmpty() ? found.kind().toString() : "'" + found.text() + "'";
    return JinjaException.at(found.line(), "%s expected, found %s".formatted(wanted, shown));
  }
}
