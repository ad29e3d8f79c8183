package io.akkord.model.chat.jinja;

import io.akkord.model.chat.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Jinja's expressions, one method per precedence, loosest first. */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<String> ENDS_A_TEST = Set.of("else", "or", "and", "if", "is", "not");

  private final TokenStream tokens;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
  }

  /** Several expressions with commas are a tuple, which is a list here. */
  Expression tuple() {
    Expression first = expression();
    if (!tokens.peek().isOperator(",")) {
      return first;
    }
    List<Expression> all = new ArrayList<>(List.of(first));
    while (tokens.skipOperator(",")) {
      all.add(expression());
    }
    return list(all);
  }

  Expression expression() {
    Expression value = or();
    while (tokens.skipName("if")) {
      Expression then = value;
      Expression condition = or();
      Expression otherwise =
          tokens.skipName("else") ? expression() : scope -> new Undefined("the else of an if");
      value = scope -> (Values.truth(condition.value(scope)) ? then : otherwise).value(scope);
    }
    return value;
  }

  /** Without the conditional form: what a loop goes over. */
  Expression or() {
    Expression left = and();
    while (tokens.skipName("or")) {
      Expression a = left;
      Expression b = and();
      left =
          scope -> {
            Object x = a.value(scope);
            return Values.truth(x) ? x : b.value(scope);
          };
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.skipName("and")) {
      Expression a = left;
      Expression b = not();
      left =
          scope -> {
            Object x = a.value(scope);
            return Values.truth(x) ? b.value(scope) : x;
          };
    }
    return left;
  }

  private Expression not() {
    if (tokens.skipName("not")) {
      Expression value = not();
      return scope -> !Values.truth(value.value(scope));
    }
    return comparison();
  }

  /** Comparisons chain: {@code a < b < c} is {@code a < b and b < c}. */
  private Expression comparison() {
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> others = new ArrayList<>();
    while (true) {
      Token next = tokens.peek();
      if (next.kind() == Kind.OPERATOR && COMPARISONS.contains(next.text())) {
        operators.add(tokens.next().text());
      } else if (tokens.skipName("in")) {
        operators.add("in");
      } else if (next.isName("not") && tokens.peek(1).isName("in")) {
        tokens.next();
        tokens.next();
        operators.add("not in");
      } else {
        break;
      }
      others.add(sum());
    }
    return operators.isEmpty() ? first : scope -> compare(scope, first, operators, others);
  }

  private static Object compare(
      Scope scope, Expression first, List<String> operators, List<Expression> others) {
    Object left = first.value(scope);
    for (int i = 0; i < operators.size(); i++) {
      Object right = others.get(i).value(scope);
      if (!Values.truth(Operators.binary(operators.get(i), left, right))) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private Expression sum() {
    Expression left = concatenation();
    while (tokens.peek().isOperator("+") || tokens.peek().isOperator("-")) {
      left = binary(tokens.next().text(), left, concatenation());
    }
    return left;
  }

  private Expression concatenation() {
    Expression left = product();
    while (tokens.skipOperator("~")) {
      left = binary("~", left, product());
    }
    return left;
  }

  private Expression product() {
    Expression left = power();
    while (Set.of("*", "/", "//", "%").contains(tokens.peek().text())
        && tokens.peek().kind() == Kind.OPERATOR) {
      left = binary(tokens.next().text(), left, power());
    }
    return left;
  }

  private Expression power() {
    Expression left = unary(true);
    while (tokens.skipOperator("**")) {
      left = binary("**", left, unary(true));
    }
    return left;
  }

  private static Expression binary(String operator, Expression a, Expression b) {
    return scope -> Operators.binary(operator, a.value(scope), b.value(scope));
  }

  private Expression unary(boolean filters) {
    Expression value;
    if (tokens.skipOperator("-")) {
      value = binary("-", scope -> 0L, unary(false));
    } else if (tokens.skipOperator("+")) {
      value = unary(false);
    } else {
      value = postfix(primary());
    }
    return filters ? filters(value) : value;
  }

  private Expression primary() {
    Token token = tokens.next();
    return switch (token.kind()) {
      case NAME -> name(token.text());
      case STRING -> strings(token);
      case INTEGER -> constant(Long.valueOf(token.text()));
      case FLOAT -> constant(Double.valueOf(token.text()));
      case OPERATOR -> bracket(token);
      default -> throw JinjaException.at(token.line(), "a value is missing");
    };
  }

  private static Expression constant(Object value) {
    return scope -> value;
  }

  private static Expression name(String name) {
    return switch (name) {
      case "true", "True" -> constant(true);
      case "false", "False" -> constant(false);
      case "none", "None" -> constant(null);
      default -> scope -> scope.get(name);
    };
  }

  /** Adjacent literals are one. */
  private Expression strings(Token first) {
    StringBuilder text = new StringBuilder(first.text());
    while (tokens.peek().kind() == Kind.STRING) {
      text.append(tokens.next().text());
    }
    return constant(text.toString());
  }

  private Expression bracket(Token open) {
    switch (open.text()) {
      case "(" -> {
        if (tokens.skipOperator(")")) {
          return list(List.of());
        }
        Expression inner = expression();
        if (tokens.skipOperator(")")) {
          return inner;
        }
        tokens.operator(",");
        List<Expression> all = new ArrayList<>(List.of(inner));
        all.addAll(until(")"));
        return list(all);
      }
      case "[" -> {
        return list(until("]"));
      }
      case "{" -> {
        return mapping();
      }
      default -> throw JinjaException.at(open.line(), "unexpected '%s'".formatted(open.text()));
    }
  }

  private List<Expression> until(String close) {
    List<Expression> all = new ArrayList<>();
    while (!tokens.skipOperator(close)) {
      all.add(expression());
      if (!tokens.peek().isOperator(close)) {
        tokens.operator(",");
      }
    }
    return all;
  }

  private static Expression list(List<Expression> elements) {
    return scope -> new Arguments(elements, Map.of()).values(scope);
  }

  private Expression mapping() {
    Map<Expression, Expression> members = new LinkedHashMap<>();
    while (!tokens.skipOperator("}")) {
      Expression key = expression();
      tokens.operator(":");
      members.put(key, expression());
      if (!tokens.peek().isOperator("}")) {
        tokens.operator(",");
      }
    }
    return scope -> {
      Map<Object, Object> map = new LinkedHashMap<>();
      members.forEach((key, value) -> map.put(key.value(scope), value.value(scope)));
      return map;
    };
  }

  private Expression postfix(Expression start) {
    Expression value = start;
    while (true) {
      Expression object = value;
      if (tokens.skipOperator(".")) {
        Token key = tokens.next();
        value =
            key.kind() == Kind.INTEGER
                ? scope -> Values.subscript(object.value(scope), Long.valueOf(key.text()))
                : scope -> Values.attribute(object.value(scope), key.text());
      } else if (tokens.skipOperator("[")) {
        value = subscript(object);
      } else if (tokens.skipOperator("(")) {
        value = call(object, arguments());
      } else {
        return value;
      }
    }
  }

  private Expression subscript(Expression object) {
    Expression from = tokens.peek().isOperator(":") ? null : expression();
    if (tokens.skipOperator("]")) {
      return scope -> Values.subscript(object.value(scope), from.value(scope));
    }
    tokens.operator(":");
    boolean noEnd = tokens.peek().isOperator(":") || tokens.peek().isOperator("]");
    Expression to = noEnd ? null : expression();
    boolean step = tokens.skipOperator(":") && !tokens.peek().isOperator("]");
    Expression by = step ? expression() : null;
    tokens.operator("]");
    return scope ->
        Values.slice(object.value(scope), part(from, scope), part(to, scope), part(by, scope));
  }

  private static Object part(Expression expression, Scope scope) {
    return expression == null ? null : expression.value(scope);
  }

  private static Expression call(Expression callee, Arguments arguments) {
    return scope -> {
      Object function = callee.value(scope);
      if (function instanceof Undefined u) {
        throw u.used();
      }
      if (!(function instanceof Function f)) {
        throw new JinjaException(Values.type(function) + " cannot be called");
      }
      return f.call(arguments.values(scope), arguments.namedValues(scope));
    };
  }

  /** Behind the opening bracket. */
  Arguments arguments() {
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!tokens.skipOperator(")")) {
      if (tokens.peek().kind() == Kind.NAME && tokens.peek(1).isOperator("=")) {
        String name = tokens.name();
        tokens.next();
        named.put(name, expression());
      } else {
        positional.add(expression());
      }
      if (!tokens.peek().isOperator(")")) {
        tokens.operator(",");
      }
    }
    return new Arguments(positional, named);
  }

  private Expression filters(Expression start) {
    Expression value = start;
    while (true) {
      if (tokens.skipOperator("|")) {
        value = filter(value);
      } else if (tokens.skipName("is")) {
        value = test(value);
      } else if (tokens.skipOperator("(")) {
        value = call(value, arguments());
      } else {
        return value;
      }
    }
  }

  Expression filter(Expression value) {
    String name = tokens.name();
    Arguments arguments = tokens.skipOperator("(") ? arguments() : Arguments.NONE;
    return scope ->
        Filters.apply(
            name, arguments.values(scope, value.value(scope)), arguments.namedValues(scope));
  }

  private Expression test(Expression value) {
    boolean negated = tokens.skipName("not");
    String name = tokens.name();
    Arguments arguments = Arguments.NONE;
    if (tokens.skipOperator("(")) {
      arguments = arguments();
    } else if (startsAnArgument(tokens.peek())) {
      arguments = new Arguments(List.of(postfix(primary())), Map.of());
    }
    Arguments given = arguments;
    return scope -> Tests.passes(name, value.value(scope), given.values(scope)) != negated;
  }

  private static boolean startsAnArgument(Token token) {
    return switch (token.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME -> !ENDS_A_TEST.contains(token.text());
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      default -> false;
    };
  }
}
