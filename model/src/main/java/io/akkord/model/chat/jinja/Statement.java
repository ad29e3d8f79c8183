package io.akkord.model.chat.jinja;

import java.util.List;

/** A parsed piece of a template. */
@FunctionalInterface
interface Statement {
  /** How a statement ends. */
  enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  Flow render(Scope scope, StringBuilder out);

  /** All in their order, until one leaves the loop around them. */
  static Statement all(List<Statement> statements) {
    return (scope, out) -> {
      for (Statement statement : statements) {
        Flow flow = statement.render(scope, out);
        if (flow != Flow.NEXT) {
          return flow;
        }
      }
      return Flow.NEXT;
    };
  }

  /** The same with a line in the message of whatever goes wrong. */
  default Statement at(int line) {
    return (scope, out) -> {
      try {
        return render(scope, out);
      } catch (JinjaException e) {
        throw e.in(line);
      }
    };
  }
}
