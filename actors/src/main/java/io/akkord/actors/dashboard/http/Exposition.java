package io.akkord.actors.dashboard.http;

import java.util.Map;

/** Prometheus text format 0.0.4, as it is written. */
final class Exposition {
  private final StringBuilder text = new StringBuilder(16_384);

  /** The two lines before a metric's samples. */
  void head(String name, String type, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  /**
   * One sample.
   *
   * @param labels in the order in which they are written; may be empty
   */
  void sample(String name, Map<String, String> labels, double value) {
    text.append(name);
    char before = '{';
    for (Map.Entry<String, String> label : labels.entrySet()) {
      text.append(before).append(label.getKey());
      text.append("=\"").append(escaped(label.getValue())).append('"');
      before = ',';
    }
    text.append(labels.isEmpty() ? " " : "} ").append(number(value)).append('\n');
  }

  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "+Inf" : "-Inf";
    }
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
