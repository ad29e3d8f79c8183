package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.deploy.state.Answers;
import io.akkord.deploy.state.Kind;
import io.akkord.deploy.state.Output;
import io.akkord.deploy.state.Table;
import io.akkord.model.UserError;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** One row in full. */
@Command(
    name = "get",
    mixinStandardHelpOptions = true,
    description =
        "Everything about one node, actor, worker, run, sample, checkpoint or step, or about all rewrites of a sample.")
final class GetCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "KIND")
  private String kind;

  @Parameters(index = "1", paramLabel = "ID")
  private String id;

  @Mixin private StateOptions options;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Kind wanted;
    Output.Format format;
    try {
      wanted = Kind.of(kind);
      format = options.format();
    } catch (UserError e) {
      spec.commandLine().getErr().println("akkord: " + e.getMessage());
      return ExitCode.USAGE;
    }
    try (Answers source = options.open()) {
      List<JsonNode> rows = wanted.find(source, id);
      if (format != Output.Format.TABLE) {
        out.println(Output.text(format, wanted.unique() ? rows.get(0) : rows));
      } else {
        for (JsonNode row : rows) {
          out.print(row == rows.get(0) ? "" : System.lineSeparator());
          row.fields().forEachRemaining(field -> print(out, field.getKey(), field.getValue()));
        }
      }
    }
    out.flush();
    return ExitCode.OK;
  }

  private static void print(PrintWriter out, String key, JsonNode value) {
    if (value.isArray() && !value.isEmpty() && value.get(0).isObject()) {
      out.println(key);
      value.forEach(item -> out.println("  " + Table.safe(item.toString())));
    } else {
      out.printf(
          "%-20s %s%n", key, Table.safe(value.isValueNode() ? value.asText() : value.toString()));
    }
  }
}
