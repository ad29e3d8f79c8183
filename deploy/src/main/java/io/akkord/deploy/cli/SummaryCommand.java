package io.akkord.deploy.cli;

import io.akkord.deploy.state.Answers;
import io.akkord.deploy.state.Kind;
import io.akkord.deploy.state.Output;
import io.akkord.deploy.state.Rows;
import io.akkord.deploy.state.Summary;
import io.akkord.model.UserError;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What rows have in common. */
@Command(
    name = "summary",
    mixinStandardHelpOptions = true,
    description =
        "Counts by state and origin, and how each number is spread, over rows of one kind.")
final class SummaryCommand implements Callable<Integer> {
  @Parameters(paramLabel = "KIND")
  private String kind;

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
    } catch (UserError e) {
      spec.commandLine().getErr().println("akkord: " + e.getMessage());
      return ExitCode.USAGE;
    }
    try (Answers source = options.open()) {
      Rows looked = options.rows(source, wanted, Integer.MAX_VALUE);
      Map<String, Object> summary = Summary.of(options.chosen(looked));
      if (format == Output.Format.TABLE) {
        Summary.lines(summary).forEach(out::println);
      } else {
        out.println(Output.text(format, summary));
      }
      if (options.incomplete(looked, Integer.MAX_VALUE)) {
        spec.commandLine().getErr().println("akkord: " + looked.note());
      }
    }
    out.flush();
    return ExitCode.OK;
  }
}
