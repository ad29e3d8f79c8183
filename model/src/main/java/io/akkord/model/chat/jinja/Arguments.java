package io.akkord.model.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The arguments of a call before they have values. */
record Arguments(List<Expression> positional, Map<String, Expression> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /** Values in order, behind those that come first. */
  List<Object> values(Scope scope, Object... first) {
    List<Object> values = new ArrayList<>(java.util.Arrays.asList(first));
    positional.forEach(argument -> values.add(argument.value(scope)));
    return values;
  }

  Map<String, Object> namedValues(Scope scope) {
    Map<String, Object> values = new LinkedHashMap<>();
    named.forEach((name, argument) -> values.put(name, argument.value(scope)));
    return values;
  }
}
