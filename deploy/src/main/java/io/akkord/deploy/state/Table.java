package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Rows as aligned text: numbers to the right, long texts cut, nothing that turns a terminal. */
public final class Table {
  private static final int WIDEST = 60;
  private static final MathContext DIGITS = new MathContext(5);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

  private Table() {}

  /** Lines with a heading. */
  public static List<String> lines(List<String> columns, List<JsonNode> rows) {
    int[] widths = new int[columns.size()];
    boolean[] numbers = new boolean[columns.size()];
    List<List<String>> cells = new ArrayList<>();
    cells.add(columns.stream().map(c -> c.toUpperCase(Locale.ROOT)).toList());
    for (JsonNode row : rows) {
      List<String> line = new ArrayList<>();
      for (int i = 0; i < columns.size(); i++) {
        JsonNode value = row.path(columns.get(i));
        numbers[i] |= value.isNumber();
        line.add(cell(columns.get(i), value));
      }
      cells.add(line);
    }
    for (List<String> line : cells) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> line : cells) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String pad = " ".repeat(widths[i] - line.get(i).length());
        text.append(i == 0 ? "" : "  ");
        text.append(numbers[i] ? pad + line.get(i) : line.get(i) + pad);
      }
      lines.add(text.toString().stripTrailing());
    }
    return lines;
  }

  private static String cell(String column, JsonNode value) {
    if (value.isMissingNode() || value.isNull()) {
      return "-";
    }
    if (value.isNumber() && (column.endsWith("_at") || column.equals("since"))) {
      return TIME.format(Instant.ofEpochMilli(value.asLong()));
    }
    if (value.isNumber() && !value.isIntegralNumber()) {
      return new BigDecimal(value.asText()).round(DIGITS).toPlainString();
    }
    String text = safe(value.isContainerNode() ? value.toString() : value.asText());
    return text.length() <= WIDEST ? text : text.substring(0, WIDEST - 1) + "…";
  }

  /** Control characters and marks that turn the direction of text are shown as what they are. */
  public static String safe(String text) {
    StringBuilder safe = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              int type = Character.getType(c);
              boolean hidden =
                  type == Character.CONTROL
                      || type == Character.FORMAT
                      || type == Character.SURROGATE
                      || type == Character.LINE_SEPARATOR
                      || type == Character.PARAGRAPH_SEPARATOR;
              if (c == '\n' || c == '\t' || c == '\r') {
                safe.append(' ');
              } else if (hidden) {
                safe.append(String.format("⟨U+%04X⟩", c));
              } else {
                safe.appendCodePoint(c);
              }
            });
    return safe.toString();
  }
}
