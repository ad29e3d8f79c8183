package io.akkord.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.deploy.bench.Figure;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How every benchmark says what it measured: progress to stderr, a figure a line to stdout. */
final class BenchOutput {
  /** How a figure is written. */
  enum Format {
    TABLE,
    JSON
  }

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table or json (default: ${DEFAULT-VALUE})")
  private Format format;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  void progress(String line) {
    spec.commandLine().getErr().println(line);
  }

  void figure(Figure figure) throws JsonProcessingException {
    PrintWriter out = spec.commandLine().getOut();
    out.println(format == Format.JSON ? json(figure) : line(figure));
    out.flush();
  }

  private static String json(Figure figure) throws JsonProcessingException {
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

  private static String line(Figure figure) {
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
