package io.akkord.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What a recipe's keys can say but this version cannot do. The one place to look when one of them
 * is built.
 */
final class NotYet {
  /**
   * What is refused of a key.
   *
   * @param refuses whether a value, as recipes write it, is
   * @param instead what to do
   */
  record Limit(Predicate<String> refuses, String instead) {}

  /** By key. */
  static final Map<String, Limit> VALUES = new LinkedHashMap<>();

  static {
    VALUES.put("rewrite.accept", new Limit("same_answer"::equals, "use any or lower_score"));
    VALUES.put("rewrite.candidates_per_sample", new Limit(v -> !v.equals("1"), "use 1"));
  }

  private NotYet() {}
}
