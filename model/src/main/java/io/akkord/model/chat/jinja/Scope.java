package io.akkord.model.chat.jinja;

import java.util.HashMap;
import java.util.Map;

/** Variables by name; a loop's body and a macro have a scope of their own. */
final class Scope {
  private final Scope outer;
  private final Map<String, Object> variables = new HashMap<>();

  private Scope(Scope outer) {
    this.outer = outer;
  }

  static Scope of(Map<String, Object> variables) {
    Scope scope = new Scope(null);
    scope.variables.putAll(variables);
    return scope;
  }

  Scope inner() {
    return new Scope(this);
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      if (scope.variables.containsKey(name)) {
        return scope.variables.get(name);
      }
    }
    return new Undefined(name);
  }

  void set(String name, Object value) {
    variables.put(name, value);
  }
}
