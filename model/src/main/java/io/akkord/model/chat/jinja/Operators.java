package io.akkord.model.chat.jinja;

import java.util.ArrayList;
import java.util.List;

/** Binary operators on {@link Values}. */
final class Operators {
  private Operators() {}

  static Object binary(String operator, Object a, Object b) {
    return switch (operator) {
      case "+" -> plus(a, b);
      case "*" -> times(a, b);
      case "~" -> Values.text(a) + Values.text(b);
      case "==" -> Values.equal(a, b);
      case "!=" -> !Values.equal(a, b);
      case "<" -> Values.compare(a, b) < 0;
      case "<=" -> Values.compare(a, b) <= 0;
      case ">" -> Values.compare(a, b) > 0;
      case ">=" -> Values.compare(a, b) >= 0;
      case "in" -> Values.contains(b, a);
      case "not in" -> !Values.contains(b, a);
      default -> arithmetic(operator, a, b);
    };
  }

  private static Object plus(Object a, Object b) {
    if (a instanceof String x && b instanceof String y) {
      return x + y;
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      List<Object> both = new ArrayList<>(x);
      both.addAll(y);
      return both;
    }
    return arithmetic("+", a, b);
  }

  private static Object times(Object a, Object b) {
    if (a instanceof String x && b instanceof Long n) {
      return x.repeat((int) Math.max(0, n));
    }
    if (b instanceof String y && a instanceof Long n) {
      return y.repeat((int) Math.max(0, n));
    }
    return arithmetic("*", a, b);
  }

  private static Object arithmetic(String operator, Object a, Object b) {
    if (!Values.isNumber(a) || !Values.isNumber(b)) {
      throw Values.misfit(operator, a, b);
    }
    boolean whole = !(a instanceof Double) && !(b instanceof Double);
    double x = Values.number(a);
    double y = Values.number(b);
    if (y == 0 && "/%//".contains(operator)) {
      throw new JinjaException("division by zero");
    }
    double result =
        switch (operator) {
          case "+" -> x + y;
          case "-" -> x - y;
          case "*" -> x * y;
          case "/" -> x / y;
          case "//" -> Math.floor(x / y);
          case "%" -> x - y * Math.floor(x / y);
          case "**" -> Math.pow(x, y);
          default -> throw new IllegalStateException(operator);
        };
    boolean stays = whole && !operator.equals("/") && !(operator.equals("**") && y < 0);
    return stays ? (Object) (long) result : (Object) result;
  }
}
