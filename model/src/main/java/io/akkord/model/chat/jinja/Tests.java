package io.akkord.model.chat.jinja;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Jinja's tests: {@code value is name(arguments)}. */
final class Tests {
  private Tests() {}

  static boolean passes(String name, Object x, List<Object> arguments) {
    Object y = arguments.isEmpty() ? null : arguments.get(0);
    return switch (name) {
      case "defined" -> !(x instanceof Undefined);
      case "undefined" -> x instanceof Undefined;
      case "none" -> x == null;
      case "true" -> Boolean.TRUE.equals(x);
      case "false" -> Boolean.FALSE.equals(x);
      case "boolean" -> x instanceof Boolean;
      case "string" -> x instanceof String;
      case "number" -> Values.isNumber(x);
      case "integer" -> x instanceof Long;
      case "float" -> x instanceof Double;
      case "mapping" -> x instanceof Map<?, ?>;
      case "sequence" ->
          x instanceof String || x instanceof Collection<?> || x instanceof Map<?, ?>;
      case "iterable" ->
          x instanceof String
              || x instanceof Collection<?>
              || x instanceof Map<?, ?>
              || x instanceof Undefined;
      case "callable" -> x instanceof Function;
      case "odd" -> Math.floorMod((long) Values.number(x), 2) == 1;
      case "even" -> Math.floorMod((long) Values.number(x), 2) == 0;
      case "divisibleby" -> Math.floorMod((long) Values.number(x), (long) Values.number(y)) == 0;
      case "lower" -> Values.text(x).equals(Values.text(x).toLowerCase(Locale.ROOT));
      case "upper" -> Values.text(x).equals(Values.text(x).toUpperCase(Locale.ROOT));
      case "in" -> Values.contains(y, x);
      case "sameas" -> x == y || x != null && x.equals(y);
      case "eq", "equalto", "==" -> Values.equal(x, y);
      case "ne", "!=" -> !Values.equal(x, y);
      case "lt", "lessthan", "<" -> Values.compare(x, y) < 0;
      case "le", "<=" -> Values.compare(x, y) <= 0;
      case "gt", "greaterthan", ">" -> Values.compare(x, y) > 0;
      case "ge", ">=" -> Values.compare(x, y) >= 0;
      default -> throw new JinjaException("there is no test '" + name + "'");
    };
  }
}
