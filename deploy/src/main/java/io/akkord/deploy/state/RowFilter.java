package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code column=value} or {@code column!=value}. */
public record RowFilter(String column, boolean equal, String value) {
  private static final Pattern FORM = Pattern.compile("([A-Za-z0-9_]+)(!?=)(.*)");

  /**
   * Reads one.
   *
   * @throws UserError if it has another form
   */
  public static RowFilter of(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw new UserError("--filter is '%s'; give COLUMN=VALUE or COLUMN!=VALUE".formatted(text));
    }
    return new RowFilter(parts.group(1), parts.group(2).equals("="), parts.group(3));
  }

  /** The rows that every filter lets through. */
  public static List<JsonNode> apply(List<RowFilter> filters, List<JsonNode> rows) {
    for (RowFilter filter : filters) {
      if (!rows.isEmpty() && rows.stream().noneMatch(row -> row.has(filter.column()))) {
        Set<String> columns = new TreeSet<>();
        rows.forEach(row -> row.fieldNames().forEachRemaining(columns::add));
        throw new UserError(
            "--filter: there is no column '%s'; allowed are %s"
                .formatted(filter.column(), String.join(", ", columns)));
      }
    }
    return rows.stream().filter(row -> filters.stream().allMatch(f -> f.fits(row))).toList();
  }

  /** What the text of a sample that fits must hold; empty if that is not known. */
  public static String part(List<RowFilter> filters) {
    return filters.stream()
        .filter(f -> f.equal() && (f.column().equals("id") || f.column().equals("origin")))
        .map(RowFilter::value)
        .findFirst()
        .orElse("");
  }

  private boolean fits(JsonNode row) {
    return row.path(column).asText().equals(value) == equal;
  }
}
