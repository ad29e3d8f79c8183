package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.deploy.state.Answers;
import io.akkord.deploy.state.Kind;
import io.akkord.deploy.state.Output;
import io.akkord.deploy.state.Rows;
import io.akkord.deploy.state.Table;
import io.akkord.model.UserError;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Rows of one kind. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description =
        "Lists nodes, actors, workers, runs, samples, rewrites, checkpoints or steps of a run.")
final class ListCommand implements Callable<Integer> {
  @Parameters(paramLabel = "KIND")
  private String kind;

  @Option(
      names = "--limit",
      defaultValue = "100",
      paramLabel = "N",
      description = "at most so many rows (default: ${DEFAULT-VALUE})")
  private int limit;

  @Option(names = "--detail", description = "every column")
  private boolean detail;

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
      options.filters();
      if (limit < 1) {
        throw new UserError("--limit is %d; at least 1".formatted(limit));
      }
    } catch (UserError e) {
      spec.commandLine().getErr().println("akkord: " + e.getMessage());
      return ExitCode.USAGE;
    }
    try (Answers source = options.open()) {
      Rows looked = options.rows(source, wanted, limit + 1);
      List<JsonNode> all = options.chosen(looked);
      List<JsonNode> rows = all.subList(0, Math.min(limit, all.size()));
      if (format != Output.Format.TABLE) {
        out.println(Output.text(format, rows));
      } else if (rows.isEmpty()) {
        out.println(StateOptions.nothing(wanted, source));
      } else {
        List<String> known = Output.columns(rows);
        List<String> columns =
            detail ? known : wanted.columns().stream().filter(known::contains).toList();
        Table.lines(columns, rows).forEach(out::println);
        if (all.size() > rows.size()) {
          out.println("… and more: --limit N shows them, --filter COLUMN=VALUE narrows them down");
        }
      }
      if (options.incomplete(looked, limit)) {
        spec.commandLine().getErr().println("akkord: " + looked.note());
      }
    }
    out.flush();
    return ExitCode.OK;
  }
}
