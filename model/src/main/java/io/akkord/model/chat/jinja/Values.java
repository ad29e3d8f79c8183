package io.akkord.model.chat.jinja;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * Python's values in Java: {@code null} for None, {@link Boolean}, {@link Long}, {@link Double},
 * {@link String}, {@link List}, {@link Map} and {@link Undefined}; and what Python does with them.
 */
final class Values {
  private Values() {}

  static boolean truth(Object value) {
    if (value == null || value instanceof Undefined) {
      return false;
    }
    if (value instanceof Boolean b) {
      return b;
    }
    if (value instanceof Number n) {
      return n.doubleValue() != 0;
    }
    if (value instanceof String s) {
      return !s.isEmpty();
    }
    if (value instanceof Collection<?> c) {
      return !c.isEmpty();
    }
    return !(value instanceof Map<?, ?> m) || !m.isEmpty();
  }

  /** As output writes it. */
  static String text(Object value) {
    if (value instanceof String s) {
      return s;
    }
    return value instanceof Undefined ? "" : repr(value);
  }

  static String repr(Object value) {
    if (value == null) {
      return "None";
    }
    if (value instanceof Boolean b) {
      return b ? "True" : "False";
    }
    if (value instanceof Double d) {
      return decimal(d);
    }
    if (value instanceof String s) {
      return quoted(s);
    }
    if (value instanceof Collection<?> c) {
      return c.stream().map(Values::repr).collect(Collectors.joining(", ", "[", "]"));
    }
    if (value instanceof Map<?, ?> m) {
      return m.entrySet().stream()
          .map(e -> repr(e.getKey()) + ": " + repr(e.getValue()))
          .collect(Collectors.joining(", ", "{", "}"));
    }
    return value instanceof Undefined ? "Undefined" : value.toString();
  }

  static String decimal(double d) {
    boolean whole = d == Math.rint(d) && Math.abs(d) < 1e16;
    return whole ? (long) d + ".0" : Double.toString(d).replace("E", "e").replace("e-", "e-0");
  }

  private static String quoted(String s) {
    String escaped =
        s.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r");
    return s.contains("'") && !s.contains("\"")
        ? '"' + escaped + '"'
        : '\'' + escaped.replace("'", "\\'") + '\'';
  }

  static boolean equal(Object a, Object b) {
    if (a instanceof Undefined && b instanceof Undefined) {
      return true;
    }
    if (isNumber(a) && isNumber(b)) {
      return number(a) == number(b);
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      boolean same = x.size() == y.size();
      for (int i = 0; same && i < x.size(); i++) {
        same = equal(x.get(i), y.get(i));
      }
      return same;
    }
    return Objects.equals(a, b);
  }

  static boolean isNumber(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  /** True and False count as 1 and 0. */
  static double number(Object value) {
    if (value instanceof Number n) {
      return n.doubleValue();
    }
    if (value instanceof Boolean b) {
      return b ? 1 : 0;
    }
    throw value instanceof Undefined u
        ? u.used()
        : new JinjaException("a number is needed, found " + type(value));
  }

  static int compare(Object a, Object b) {
    if (isNumber(a) && isNumber(b)) {
      return Double.compare(number(a), number(b));
    }
    if (a instanceof String x && b instanceof String y) {
      return x.compareTo(y);
    }
    throw misfit("<", a, b);
  }

  static JinjaException misfit(String operator, Object a, Object b) {
    if (a instanceof Undefined u) {
      return u.used();
    }
    if (b instanceof Undefined u) {
      return u.used();
    }
    return new JinjaException(
        "'%s' does not go with %s and %s".formatted(operator, type(a), type(b)));
  }

  /** What a loop goes over: items, keys, or characters. */
  static List<Object> items(Object value) {
    if (value instanceof Undefined) {
      return List.of();
    }
    if (value instanceof Collection<?> c) {
      return new ArrayList<>(c);
    }
    if (value instanceof Map<?, ?> m) {
      return new ArrayList<>(m.keySet());
    }
    if (value instanceof String s) {
      return s.codePoints().mapToObj(Character::toString).collect(Collectors.toList());
    }
    throw new JinjaException(type(value) + " cannot be gone through");
  }

  static long length(Object value) {
    if (value instanceof String s) {
      return s.codePointCount(0, s.length());
    }
    return items(value).size();
  }

  static boolean contains(Object container, Object item) {
    if (container instanceof String s) {
      if (item instanceof String part) {
        return s.contains(part);
      }
      throw misfit("in", item, container);
    }
    return items(container).stream().anyMatch(other -> equal(other, item));
  }

  static String type(Object value) {
    if (value == null) {
      return "None";
    }
    if (value instanceof Undefined) {
      return "an undefined value";
    }
    if (value instanceof String) {
      return "text";
    }
    if (value instanceof Collection<?>) {
      return "a list";
    }
    if (value instanceof Map<?, ?>) {
      return "a mapping";
    }
    return isNumber(value) ? "a number" : "a function";
  }

  /** {@code object.name}: methods come before items. */
  static Object attribute(Object object, String name) {
    Function method = Methods.of(object, name);
    return method != null ? method : item(object, name);
  }

  /** {@code object[key]}: items come before methods. */
  static Object subscript(Object object, Object key) {
    Object found = item(object, key);
    if (found instanceof Undefined && key instanceof String name) {
      Function method = Methods.of(object, name);
      return method == null ? found : method;
    }
    return found;
  }

  private static Object item(Object object, Object key) {
    if (object instanceof Undefined u) {
      throw u.used();
    }
    if (object instanceof Namespace n) {
      return item(n.attributes(), key);
    }
    if (object instanceof Map<?, ?> m && m.containsKey(key)) {
      return m.get(key);
    }
    boolean sequence = object instanceof List<?> || object instanceof String;
    if (sequence && key instanceof Long position) {
      List<Object> items = items(object);
      long at = position < 0 ? position + items.size() : position;
      if (at >= 0 && at < items.size()) {
        return items.get((int) at);
      }
    }
    return new Undefined(text(key));
  }

  /** {@code object[from:to:by]}; null bounds are open. */
  static Object slice(Object object, Object from, Object to, Object by) {
    List<Object> items = items(object);
    int n = items.size();
    long step = by == null ? 1 : (long) number(by);
    if (step == 0) {
      throw new JinjaException("the step of a slice is 0");
    }
    long low = step > 0 ? 0 : -1;
    long high = step > 0 ? n : n - 1;
    long start = from == null ? (step > 0 ? 0 : n - 1) : bound(from, n, low, high);
    long end = to == null ? (step > 0 ? n : -1) : bound(to, n, low, high);
    List<Object> part = new ArrayList<>();
    for (long i = start; step > 0 ? i < end : i > end; i += step) {
      part.add(items.get((int) i));
    }
    return object instanceof String
        ? part.stream().map(String.class::cast).collect(Collectors.joining())
        : part;
  }

  private static long bound(Object value, int n, long low, long high) {
    long at = (long) number(value);
    return Math.max(low, Math.min(high, at < 0 ? at + n : at));
  }
}
