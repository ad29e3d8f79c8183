package io.akkord.model.chat.jinja;

import java.util.List;
import java.util.Map;

/** What a template can call: a global function, a method bound to its object, or a macro. */
@FunctionalInterface
interface Function {
  Object call(List<Object> arguments, Map<String, Object> named);
}
