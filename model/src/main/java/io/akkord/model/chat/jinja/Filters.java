package io.akkord.model.chat.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;

/** Jinja's filters: the value comes first, the arguments of the template after it. */
final class Filters {
  private Filters() {}

  /** The value of {@code value | name(arguments)}. */
  static Object apply(String name, List<Object> a, Map<String, Object> named) {
    Object x = a.get(0);
    return switch (name) {
      case "tojson" -> Json.of(defined(x), json(a, named));
      case "trim" -> Methods.strip(Values.text(x), a.subList(1, a.size()), true, true);
      case "length", "count" -> Values.length(x);
      case "upper" -> Values.text(x).toUpperCase(Locale.ROOT);
      case "lower" -> Values.text(x).toLowerCase(Locale.ROOT);
      case "title" -> Methods.title(Values.text(x));
      case "capitalize" -> Methods.capitalize(Values.text(x));
      case "string" -> Values.text(x);
      case "safe" -> x;
      case "e", "escape" -> escape(Values.text(x));
      case "int" -> whole(x, argument(a, 1, named, "default", 0L));
      case "float" -> real(x, argument(a, 1, named, "default", 0.0));
      case "abs" -> x instanceof Long n ? (Object) Math.abs(n) : (Object) Math.abs(number(x));
      case "round" -> round(number(x), (int) number(argument(a, 1, named, "precision", 0L)));
      case "default", "d" -> fallback(x, a, named);
      case "replace" ->
          Methods.replace(
              Values.text(x),
              Values.text(a.get(1)),
              Values.text(a.get(2)),
              a.size() > 3 ? (int) number(a.get(3)) : -1);
      case "indent" -> indent(Values.text(x), a, named);
      default -> sequence(name, x, a, named);
    };
  }

  private static Object sequence(String name, Object x, List<Object> a, Map<String, Object> named) {
    return switch (name) {
      case "list" -> Values.items(x);
      case "first" -> edge(Values.items(x), 0, "first");
      case "last" -> edge(Values.items(x), Values.items(x).size() - 1, "last");
      case "join" ->
          values(x, argument(a, 2, named, "attribute", null)).stream()
              .map(Values::text)
              .collect(Collectors.joining(Values.text(argument(a, 1, named, "d", ""))));
      case "reverse" -> reversed(x);
      case "items" -> x instanceof Undefined ? List.of() : Methods.items((Map<?, ?>) x);
      case "dictsort" -> dictsort((Map<?, ?>) x);
      case "sum" -> {
        BinaryOperator<Object> plus = (p, q) -> Operators.binary("+", p, q);
        yield values(x, argument(a, 1, named, "attribute", null)).stream().reduce(0L, plus);
      }
      case "min" -> Collections.min(Values.items(x), Values::compare);
      case "max" -> Collections.max(Values.items(x), Values::compare);
      case "sort" -> sort(x, a, named);
      case "unique" -> unique(x, argument(a, 2, named, "attribute", null));
      case "map" -> map(x, a, named);
      case "select", "reject" -> select(x, null, a, 1, name.equals("select"));
      case "selectattr", "rejectattr" ->
          select(x, Values.text(a.get(1)), a, 2, name.equals("selectattr"));
      default -> throw new JinjaException("there is no filter '" + name + "'");
    };
  }

  private static double number(Object value) {
    return Values.number(value);
  }

  private static Object defined(Object value) {
    if (value instanceof Undefined u) {
      throw u.used();
    }
    return value;
  }

  private static Object argument(
      List<Object> a, int index, Map<String, Object> named, String name, Object fallback) {
    return a.size() > index ? a.get(index) : named.getOrDefault(name, fallback);
  }

  /** Positional arguments of {@code tojson(ensure_ascii, indent)}. */
  private static Map<String, Object> json(List<Object> a, Map<String, Object> named) {
    return a.size() > 2 ? Map.of("indent", a.get(2)) : named;
  }

  private static Object fallback(Object x, List<Object> a, Map<String, Object> named) {
    boolean alsoFalse = Values.truth(argument(a, 2, named, "boolean", false));
    boolean missing = x instanceof Undefined || alsoFalse && !Values.truth(x);
    return missing ? argument(a, 1, named, "default_value", "") : x;
  }

  private static String escape(String s) {
    return s.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }

  private static Object whole(Object x, Object fallback) {
    Object real = real(x, null);
    return real == null ? fallback : (Object) (long) number(real);
  }

  private static Object real(Object x, Object fallback) {
    try {
      return Values.isNumber(x) ? number(x) : (Object) Double.valueOf(Values.text(x).strip());
    } catch (NumberFormatException e) {
      return fallback;
    }
  }

  private static Object round(double x, int digits) {
    double scale = Math.pow(10, digits);
    return Math.rint(x * scale) / scale;
  }

  private static String indent(String s, List<Object> a, Map<String, Object> named) {
    Object width = argument(a, 1, named, "width", 4L);
    String margin = width instanceof String w ? w : " ".repeat((int) number(width));
    boolean first = Values.truth(argument(a, 2, named, "first", false));
    boolean blank = Values.truth(argument(a, 3, named, "blank", false));
    String[] lines = s.split("\n", -1);
    for (int i = first ? 0 : 1; i < lines.length; i++) {
      lines[i] = blank || !lines[i].isEmpty() || i == 0 ? margin + lines[i] : lines[i];
    }
    return String.join("\n", lines);
  }

  private static Object edge(List<Object> items, int index, String name) {
    return items.isEmpty() ? new Undefined(name) : items.get(index);
  }

  private static List<Object> values(Object x, Object attribute) {
    List<Object> items = Values.items(x);
    return attribute == null
        ? items
        : items.stream()
            .map(item -> path(item, Values.text(attribute)))
            .collect(Collectors.toList());
  }

  /** An attribute, or one of an attribute: {@code function.name}. */
  private static Object path(Object item, String attribute) {
    Object value = item;
    for (String part : attribute.split("\\.")) {
      value = Values.subscript(value, part);
    }
    return value;
  }

  private static Object reversed(Object x) {
    return Values.slice(x, null, null, -1L);
  }

  private static Object dictsort(Map<?, ?> map) {
    List<Object> items = Methods.items(map);
    Comparator<Object> byKey =
        Comparator.comparing(
            pair -> ((List<?>) pair).get(0),
            (p, q) -> {
              String a = Values.text(p).toLowerCase(Locale.ROOT);
              return a.compareTo(Values.text(q).toLowerCase(Locale.ROOT));
            });
    items.sort(byKey);
    return items;
  }

  private static Object sort(Object x, List<Object> a, Map<String, Object> named) {
    boolean reverse = Values.truth(argument(a, 1, named, "reverse", false));
    boolean caseCounts = Values.truth(argument(a, 2, named, "case_sensitive", false));
    Object attribute = argument(a, 3, named, "attribute", null);
    Comparator<Object> order =
        Comparator.comparing(
            item -> {
              Object key = attribute == null ? item : path(item, Values.text(attribute));
              return key instanceof String s && !caseCounts ? s.toLowerCase(Locale.ROOT) : key;
            },
            Values::compare);
    List<Object> items = Values.items(x);
    items.sort(reverse ? order.reversed() : order);
    return items;
  }

  private static Object unique(Object x, Object attribute) {
    List<Object> seen = new ArrayList<>();
    List<Object> kept = new ArrayList<>();
    for (Object item : Values.items(x)) {
      Object key = attribute == null ? item : path(item, Values.text(attribute));
      Object plain = key instanceof String s ? s.toLowerCase(Locale.ROOT) : key;
      if (!Values.contains(seen, plain)) {
        seen.add(plain);
        kept.add(item);
      }
    }
    return kept;
  }

  private static Object map(Object x, List<Object> a, Map<String, Object> named) {
    List<Object> mapped = new ArrayList<>();
    for (Object item : Values.items(x)) {
      if (named.containsKey("attribute")) {
        Object value = path(item, Values.text(named.get("attribute")));
        boolean missing = value instanceof Undefined && named.containsKey("default");
        mapped.add(missing ? named.get("default") : value);
      } else {
        List<Object> arguments = new ArrayList<>(Arrays.asList(item));
        arguments.addAll(a.subList(2, a.size()));
        mapped.add(apply(Values.text(a.get(1)), arguments, named));
      }
    }
    return mapped;
  }

  private static Object select(
      Object x, String attribute, List<Object> a, int testAt, boolean wanted) {
    List<Object> kept = new ArrayList<>();
    for (Object item : Values.items(x)) {
      Object value = attribute == null ? item : path(item, attribute);
      boolean passes =
          a.size() > testAt
              ? Tests.passes(Values.text(a.get(testAt)), value, a.subList(testAt + 1, a.size()))
              : Values.truth(value);
      if (passes == wanted) {
        kept.add(item);
      }
    }
    return kept;
  }
}
