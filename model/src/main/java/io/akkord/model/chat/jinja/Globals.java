package io.akkord.model.chat.jinja;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions that transformers gives to a template. */
final class Globals {
  private static final long LONGEST_RANGE = 100_000;

  private Globals() {}

  /**
   * All functions by name.
   *
   * @param now what {@code strftime_now} formats
   */
  static Map<String, Object> of(LocalDateTime now) {
    Map<String, Object> globals = new HashMap<>();
    globals.put("range", (Function) (a, n) -> range(a));
    globals.put("dict", (Function) (a, n) -> new LinkedHashMap<>(n));
    globals.put("namespace", (Function) (a, n) -> namespace(a, n));
    globals.put("strftime_now", (Function) (a, n) -> Dates.format(now, Values.text(a.get(0))));
    globals.put(
        "raise_exception",
        (Function)
            (a, n) -> {
              throw new JinjaException("the template says: " + Values.text(a.get(0)));
            });
    return globals;
  }

  private static Object namespace(List<Object> arguments, Map<String, Object> named) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    for (Object argument : arguments) {
      ((Map<?, ?>) argument).forEach((key, value) -> attributes.put(Values.text(key), value));
    }
    attributes.putAll(named);
    return new Namespace(attributes);
  }

  private static List<Object> range(List<Object> a) {
    long from = a.size() > 1 ? (long) Values.number(a.get(0)) : 0;
    long to = (long) Values.number(a.get(a.size() > 1 ? 1 : 0));
    long by = a.size() > 2 ? (long) Values.number(a.get(2)) : 1;
    if (by == 0 || Math.abs(to - from) / Math.abs(by) > LONGEST_RANGE) {
      throw new JinjaException("range of %d, %d, %d is too long".formatted(from, to, by));
    }
    List<Object> numbers = new ArrayList<>();
    for (long i = from; by > 0 ? i < to : i > to; i += by) {
      numbers.add(i);
    }
    return numbers;
  }
}
