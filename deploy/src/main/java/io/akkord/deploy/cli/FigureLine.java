package io.akkord.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.deploy.bench.Figure;
import java.util.LinkedHashMap;
import java.util.Map;

/** A measured figure as a line of text. */
final class FigureLine {
  private FigureLine() {}

  /**
   * The line.
   *
   * @param format json, or anything else for a table
   */
  static String of(Figure figure, String format) throws JsonProcessingException {
    if (format.equals("json")) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("name", figure.name());
      json.put("value", figure.value());
      json.put("unit", figure.unit());
      json.put("baseline", Double.isNaN(figure.baseline()) ? null : figure.baseline());
      json.put("baseline_name", figure.baselineName());
      json.put("ratio", Double.isNaN(figure.ratio()) ? null : figure.ratio());
      json.put("runs", figure.runs());
      return new ObjectMapper().writeValueAsString(json);
    }
    return figure.baselineName() == null
        ? "%-45s %10.2f %s".formatted(figure.name(), figure.value(), figure.unit())
        : "%-45s %10.2f %-9s %10.2f (%s)  ratio %.3f, median of %d"
            .formatted(
                figure.name(),
                figure.value(),
                figure.unit(),
                figure.baseline(),
                figure.baselineName(),
                figure.ratio(),
                figure.runs());
  }
}
