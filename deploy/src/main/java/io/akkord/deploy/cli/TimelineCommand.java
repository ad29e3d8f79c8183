package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.deploy.state.StateSource;
import io.akkord.deploy.state.Timeline;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A run as a trace. */
@Command(
    name = "timeline",
    mixinStandardHelpOptions = true,
    description = "Writes a trace that ui.perfetto.dev and chrome://tracing open.")
final class TimelineCommand implements Callable<Integer> {
  @Option(
      names = "--dir",
      paramLabel = "DIR",
      defaultValue = ".",
      description = "output_dir of a run, or a folder of runs (default: here, or runs/)")
  private Path dir;

  @Option(names = "-o", required = true, paramLabel = "FILE", description = "such as trace.json")
  private Path file;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (StateSource source = StateSource.open(dir)) {
      ObjectNode trace = Timeline.of(source.folder());
      Files.writeString(file, trace.toString());
      out.printf(
          "%d events of %s in %s; open it on ui.perfetto.dev%n",
          trace.path("traceEvents").size(), source.folder(), file);
    } catch (IOException e) {
      throw new UserError("%s cannot be written: %s".formatted(file, e), e);
    }
    out.flush();
    return ExitCode.OK;
  }
}
