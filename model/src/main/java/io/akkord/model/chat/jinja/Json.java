package io.akkord.model.chat.jinja;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** {@code json.dumps(value, ensure_ascii=False)} as transformers' {@code tojson} calls it. */
final class Json {
  private final StringBuilder out = new StringBuilder();
  private final int indent;
  private final boolean sorted;
  private final String comma;
  private final String colon;

  private Json(Map<String, Object> options) {
    Object given = options.get("indent");
    this.indent = given == null ? -1 : (int) Values.number(given);
    this.sorted = Values.truth(options.getOrDefault("sort_keys", false));
    Object separators = options.get("separators");
    this.comma =
        separators == null
            ? (indent < 0 ? ", " : ",")
            : Values.text(Values.subscript(separators, 0L));
    this.colon = separators == null ? ": " : Values.text(Values.subscript(separators, 1L));
  }

  static String of(Object value, Map<String, Object> options) {
    Json json = new Json(options);
    json.value(value, 0);
    return json.out.toString();
  }

  private void value(Object value, int depth) {
    if (value == null) {
      out.append("null");
    } else if (value instanceof String s) {
      string(s);
    } else if (value instanceof Boolean || Values.isNumber(value) && !(value instanceof Double)) {
      out.append(value);
    } else if (value instanceof Double d) {
      out.append(Values.decimal(d));
    } else if (value instanceof Map<?, ?> map) {
      Map<?, ?> ordered = sorted ? new TreeMap<Object, Object>(map) : map;
      all('{', runs(ordered.entrySet(), entry -> member(entry, depth + 1)), '}', depth);
    } else if (value instanceof Collection<?> list) {
      all('[', runs(list, element -> value(element, depth + 1)), ']', depth);
    } else {
      throw new JinjaException("tojson: " + Values.type(value) + " has no JSON");
    }
  }

  private static <T> List<Runnable> runs(Collection<? extends T> elements, Consumer<T> write) {
    return elements.stream().map(x -> (Runnable) () -> write.accept(x)).toList();
  }

  private void member(Map.Entry<?, ?> entry, int depth) {
    string(Values.text(entry.getKey()));
    out.append(colon);
    value(entry.getValue(), depth);
  }

  private void all(char open, List<Runnable> elements, char close, int depth) {
    out.append(open);
    boolean first = true;
    for (Runnable element : elements) {
      out.append(first ? "" : comma);
      line(depth + 1);
      element.run();
      first = false;
    }
    if (!first) {
      line(depth);
    }
    out.append(close);
  }

  private void line(int depth) {
    if (indent >= 0) {
      out.append('\n').append(" ".repeat(indent * depth));
    }
  }

  private void string(String s) {
    out.append('"');
    for (char c : s.toCharArray()) {
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> out.append(c < 0x20 ? "\\u%04x".formatted((int) c) : String.valueOf(c));
      }
    }
    out.append('"');
  }
}
