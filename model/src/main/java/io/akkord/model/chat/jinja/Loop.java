package io.akkord.model.chat.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@code for}.
 *
 * @param names one, or several that unpack every item
 * @param condition which items count; null: all
 */
record Loop(
    List<String> names, Expression items, Expression condition, Statement body, Statement otherwise)
    implements Statement {

  @Override
  public Flow render(Scope scope, StringBuilder out) {
    List<Object> chosen = new ArrayList<>();
    for (Object item : Values.items(items.value(scope))) {
      if (condition == null || Values.truth(condition.value(with(scope, item)))) {
        chosen.add(item);
      }
    }
    if (chosen.isEmpty()) {
      return otherwise.render(scope, out);
    }
    for (int i = 0; i < chosen.size(); i++) {
      Scope inner = with(scope, chosen.get(i));
      inner.set("loop", state(chosen, i));
      if (body.render(inner, out) == Flow.BREAK) {
        break;
      }
    }
    return Flow.NEXT;
  }

  private Scope with(Scope scope, Object item) {
    Scope inner = scope.inner();
    assign(inner, names, item);
    return inner;
  }

  /** One name takes the value, several take its parts. */
  static void assign(Scope scope, List<String> names, Object value) {
    if (names.size() == 1) {
      scope.set(names.get(0), value);
      return;
    }
    List<Object> parts = Values.items(value);
    if (parts.size() != names.size()) {
      throw new JinjaException("%d values for %s".formatted(parts.size(), names));
    }
    for (int i = 0; i < names.size(); i++) {
      scope.set(names.get(i), parts.get(i));
    }
  }

  private static Map<String, Object> state(List<Object> items, int i) {
    int n = items.size();
    Map<String, Object> loop = new HashMap<>();
    loop.put("index", i + 1L);
    loop.put("index0", (long) i);
    loop.put("revindex", (long) n - i);
    loop.put("revindex0", n - i - 1L);
    loop.put("first", i == 0);
    loop.put("last", i == n - 1);
    loop.put("length", (long) n);
    loop.put("previtem", i > 0 ? items.get(i - 1) : new Undefined("loop.previtem"));
    loop.put("nextitem", i < n - 1 ? items.get(i + 1) : new Undefined("loop.nextitem"));
    loop.put("cycle", (Function) (a, named) -> a.get(i % a.size()));
    return loop;
  }
}
