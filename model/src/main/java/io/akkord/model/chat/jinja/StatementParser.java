package io.akkord.model.chat.jinja;

import io.akkord.model.chat.jinja.Statement.Flow;
import io.akkord.model.chat.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Jinja's tags: if, for, set, macro, filter, break and continue; transformers' generation. */
final class StatementParser {
  private static final Statement NOTHING = (scope, out) -> Flow.NEXT;

  private final TokenStream tokens;
  private final ExpressionParser expressions;

  StatementParser(List<Token> tokens) {
    this.tokens = new TokenStream(tokens);
    this.expressions = new ExpressionParser(this.tokens);
  }

  Statement template() {
    Statement all = body();
    if (tokens.peek().kind() != Kind.END) {
      throw JinjaException.at(
          tokens.peek().line(), "'%s' closes nothing".formatted(tokens.peek(1).text()));
    }
    return all;
  }

  /** Up to a tag with one of the names, or the end; its opening mark is not read. */
  private Statement body(String... ends) {
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.peek();
      switch (token.kind()) {
        case TEXT -> {
          String text = tokens.next().text();
          statements.add(
              (scope, out) -> {
                out.append(text);
                return Flow.NEXT;
              });
        }
        case VARIABLE_BEGIN -> statements.add(output(tokens.next().line()));
        case BLOCK_BEGIN -> {
          String name = tokens.peek(1).text();
          if (List.of(ends).contains(name) || name.startsWith("end") || isBranch(name)) {
            return Statement.all(statements);
          }
          int line = tokens.next().line();
          statements.add(tag(tokens.name(), line).at(line));
        }
        default -> {
          if (ends.length > 0) {
            throw JinjaException.at(token.line(), "{%% %s %%} is missing".formatted(ends[0]));
          }
          return Statement.all(statements);
        }
      }
    }
  }

  private static boolean isBranch(String name) {
    return name.equals("else") || name.equals("elif");
  }

  private Statement output(int line) {
    Expression value = expressions.tuple();
    tokens.expect(Kind.VARIABLE_END);
    Statement write =
        (scope, out) -> {
          out.append(Values.text(value.value(scope)));
          return Flow.NEXT;
        };
    return write.at(line);
  }

  private Statement tag(String name, int line) {
    return switch (name) {
      case "if" -> condition();
      case "for" -> loop();
      case "set" -> set();
      case "macro" -> macro();
      case "filter" -> filter();
      case "generation" -> {
        tokens.expect(Kind.BLOCK_END);
        Statement inner = body("endgeneration");
        close("endgeneration");
        yield inner;
      }
      case "break", "continue" -> {
        tokens.expect(Kind.BLOCK_END);
        Flow flow = name.equals("break") ? Flow.BREAK : Flow.CONTINUE;
        yield (scope, out) -> flow;
      }
      default -> throw JinjaException.at(line, "there is no tag '" + name + "'");
    };
  }

  private Statement condition() {
    Expression condition = expressions.tuple();
    tokens.expect(Kind.BLOCK_END);
    Statement then = body("endif");
    Statement otherwise = NOTHING;
    tokens.expect(Kind.BLOCK_BEGIN);
    if (tokens.skipName("elif")) {
      otherwise = condition();
    } else if (tokens.skipName("else")) {
      tokens.expect(Kind.BLOCK_END);
      otherwise = body("endif");
      close("endif");
    } else {
      end("endif");
    }
    Statement other = otherwise;
    return (scope, out) -> (Values.truth(condition.value(scope)) ? then : other).render(scope, out);
  }

  private Statement loop() {
    List<String> names = names();
    if (!tokens.skipName("in")) {
      throw tokens.expected("'in'");
    }
    Expression items = expressions.or();
    Expression condition = tokens.skipName("if") ? expressions.expression() : null;
    tokens.expect(Kind.BLOCK_END);
    Statement body = body("endfor");
    Statement otherwise = NOTHING;
    tokens.expect(Kind.BLOCK_BEGIN);
    if (tokens.skipName("else")) {
      tokens.expect(Kind.BLOCK_END);
      otherwise = body("endfor");
      close("endfor");
    } else {
      end("endfor");
    }
    return new Loop(names, items, condition, body, otherwise);
  }

  private List<String> names() {
    boolean bracket = tokens.skipOperator("(");
    List<String> names = new ArrayList<>(List.of(tokens.name()));
    while (tokens.skipOperator(",")) {
      names.add(tokens.name());
    }
    if (bracket) {
      tokens.operator(")");
    }
    return names;
  }

  private Statement set() {
    if (tokens.peek(1).isOperator(".")) {
      return setAttribute();
    }
    List<String> names = names();
    if (tokens.skipOperator("=")) {
      Expression value = expressions.tuple();
      tokens.expect(Kind.BLOCK_END);
      return (scope, out) -> {
        Loop.assign(scope, names, value.value(scope));
        return Flow.NEXT;
      };
    }
    Expression text = captured("endset");
    return (scope, out) -> {
      scope.set(names.get(0), text.value(scope));
      return Flow.NEXT;
    };
  }

  private Statement setAttribute() {
    String object = tokens.name();
    tokens.operator(".");
    String attribute = tokens.name();
    tokens.operator("=");
    Expression value = expressions.tuple();
    tokens.expect(Kind.BLOCK_END);
    return (scope, out) -> {
      if (!(scope.get(object) instanceof Namespace namespace)) {
        throw new JinjaException("only attributes of a namespace can be set, not of " + object);
      }
      namespace.attributes().put(attribute, value.value(scope));
      return Flow.NEXT;
    };
  }

  private Statement filter() {
    Expression[] inner = new Expression[1];
    Expression filtered = expressions.filter(scope -> inner[0].value(scope));
    inner[0] = captured("endfilter");
    return (scope, out) -> {
      out.append(Values.text(filtered.value(scope)));
      return Flow.NEXT;
    };
  }

  /** What the body up to a closing tag writes. */
  private Expression captured(String end) {
    tokens.expect(Kind.BLOCK_END);
    Statement body = body(end);
    close(end);
    return scope -> text(body, scope.inner());
  }

  private static String text(Statement body, Scope scope) {
    StringBuilder text = new StringBuilder();
    body.render(scope, text);
    return text.toString();
  }

  private Statement macro() {
    String name = tokens.name();
    tokens.operator("(");
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    while (!tokens.skipOperator(")")) {
      String parameter = tokens.name();
      parameters.add(parameter);
      defaults.add(
          tokens.skipOperator("=") ? expressions.expression() : s -> new Undefined(parameter));
      if (!tokens.peek().isOperator(")")) {
        tokens.operator(",");
      }
    }
    tokens.expect(Kind.BLOCK_END);
    Statement body = body("endmacro");
    close("endmacro");
    return (scope, out) -> {
      scope.set(
          name,
          (Function) (given, named) -> called(parameters, defaults, body, scope, given, named));
      return Flow.NEXT;
    };
  }

  private static Object called(
      List<String> parameters,
      List<Expression> defaults,
      Statement body,
      Scope scope,
      List<Object> given,
      Map<String, Object> named) {
    Scope inner = scope.inner();
    for (int i = 0; i < parameters.size(); i++) {
      String parameter = parameters.get(i);
      Object value =
          i < given.size()
              ? given.get(i)
              : named.containsKey(parameter) ? named.get(parameter) : defaults.get(i).value(inner);
      inner.set(parameter, value);
    }
    return text(body, inner);
  }

  /** A whole closing tag. */
  private void close(String name) {
    tokens.expect(Kind.BLOCK_BEGIN);
    end(name);
  }

  private void end(String name) {
    if (!tokens.skipName(name)) {
      throw tokens.expected("{% " + name + " %}");
    }
    if (name.equals("endmacro") && tokens.peek().kind() == Kind.NAME) {
      tokens.next();
    }
    tokens.expect(Kind.BLOCK_END);
  }
}
