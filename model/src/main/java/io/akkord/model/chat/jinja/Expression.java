package io.akkord.model.chat.jinja;

/** A parsed expression. */
@FunctionalInterface
interface Expression {
  Object value(Scope scope);
}
