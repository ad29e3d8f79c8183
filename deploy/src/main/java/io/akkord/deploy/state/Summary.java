package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What many rows have in common: how many of each state or origin, and how numbers are spread. */
public final class Summary {
  private static final List<String> GROUPS =
      List.of("state", "origin", "accepted", "reason", "skipped", "clipped");
  private static final int MOST_GROUPS = 12;

  private Summary() {}

  /** Counts and, for each number, least, median, mean and most. */
  public static Map<String, Object> of(List<JsonNode> rows) {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("count", rows.size());
    for (String group : GROUPS) {
      Map<String, Integer> counts = new TreeMap<>();
      rows.stream()
          .filter(row -> row.has(group) && !row.path(group).isNull())
          .forEach(row -> counts.merge(row.path(group).asText(), 1, Integer::sum));
      if (!counts.isEmpty() && counts.size() <= MOST_GROUPS) {
        summary.put("by_" + group, counts);
      }
    }
    for (String column : Output.columns(rows)) {
      double[] values =
          rows.stream()
              .map(row -> row.path(column))
              .filter(JsonNode::isNumber)
              .mapToDouble(JsonNode::asDouble)
              .sorted()
              .toArray();
      if (values.length > 0 && !column.endsWith("_at")) {
        summary.put(column, spread(values));
      }
    }
    return summary;
  }

  private static Map<String, Object> spread(double[] sorted) {
    Map<String, Object> spread = new LinkedHashMap<>();
    int half = sorted.length / 2;
    double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    spread.put("least", sorted[0]);
    spread.put("median", median);
    spread.put("mean", java.util.Arrays.stream(sorted).average().orElse(Double.NaN));
    spread.put("most", sorted[sorted.length - 1]);
    return spread;
  }

  /** As indented lines. */
  public static List<String> lines(Map<String, Object> summary) {
    List<String> lines = new ArrayList<>();
    summary.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> map) {
            lines.add(key);
            map.forEach((k, v) -> lines.add("  %-20s %s".formatted(Table.safe("" + k), number(v))));
          } else {
            lines.add("%-22s %s".formatted(key, value));
          }
        });
    return lines;
  }

  private static String number(Object value) {
    return value instanceof Double d
        ? new java.math.BigDecimal(d).round(new java.math.MathContext(5)).toPlainString()
        : String.valueOf(value);
  }
}
