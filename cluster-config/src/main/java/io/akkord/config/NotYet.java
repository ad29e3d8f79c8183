package io.akkord.config;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What recipes of other trainers, and later versions of this one, can say but this version cannot
 * do. The one place to look when one of them is built.
 */
final class NotYet {
  /**
   * A key with a value that is refused.
   *
   * @param only the one value that is accepted; empty: all but {@code refused} are
   * @param refused the one value that is refused; empty: all but {@code only} are
   * @param instead what to do
   */
  record Limit(String only, String refused, String instead) {
    boolean refuses(String value) {
      return only.isEmpty() ? value.equals(refused) : !value.equals(only);
    }
  }

  /** Keys without a component in {@link Recipe}: they accept one value only. */
  static final Map<String, Limit> KEYS = new LinkedHashMap<>();

  /** Values of ordinary keys that are refused. */
  static final Map<String, Limit> VALUES = new LinkedHashMap<>();

  static {
    KEYS.put("lora", only("null", "leave it out; all weights are trained"));
    VALUES.put("rewrite.accept", refused("same_answer", "use any or lower_score"));
    VALUES.put("rewrite.candidates_per_sample", only("1", "use 1"));
  }

  private NotYet() {}

  private static Limit only(String value, String instead) {
    return new Limit(value, "", instead);
  }

  private static Limit refused(String value, String instead) {
    return new Limit("", value, instead);
  }
}
