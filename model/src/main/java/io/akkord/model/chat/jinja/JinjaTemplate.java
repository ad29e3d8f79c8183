package io.akkord.model.chat.jinja;

import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.Map;

/** A parsed template; immutable. */
public final class JinjaTemplate {
  private final Statement body;

  private JinjaTemplate(Statement body) {
    this.body = body;
  }

  /**
   * Parses a template.
   *
   * @throws JinjaException naming the line that cannot be read
   */
  public static JinjaTemplate parse(String template) {
    return new JinjaTemplate(new StatementParser(Lexer.tokens(template)).template());
  }

  /**
   * Renders.
   *
   * @param variables null, Boolean, Long, Double, String, List and Map
   * @param now what {@code strftime_now} formats
   * @throws JinjaException if the template refuses, or does what cannot be done
   */
  public String render(Map<String, Object> variables, LocalDateTime now) {
    Map<String, Object> all = new HashMap<>(Globals.of(now));
    all.putAll(variables);
    StringBuilder out = new StringBuilder();
    body.render(Scope.of(all).inner(), out);
    return out.toString();
  }
}
