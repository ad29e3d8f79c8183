package io.akkord.deploy.cli;

import io.akkord.deploy.state.LogLines;
import io.akkord.deploy.state.StateSource;
import io.akkord.model.UserError;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What was said. */
@Command(
    name = "logs",
    mixinStandardHelpOptions = true,
    description = "What a run and its workers have said, by time; also of those that are dead.")
final class LogsCommand implements Callable<Integer> {
  private static final int POLL_MS = 1000;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      defaultValue = ".",
      description = "output_dir of a run, or a folder of runs (default: here, or runs/)")
  private Path dir;

  @Option(
      names = {"--node", "--actor"},
      paramLabel = "NAME",
      defaultValue = "",
      description = "only what this worker or actor has said, such as worker-1 or supervisor")
  private String who;

  @Option(
      names = "--level",
      defaultValue = "info",
      description = "debug, info, warn or error, and above (default: ${DEFAULT-VALUE})")
  private String level;

  @Option(
      names = "--tail",
      defaultValue = "200",
      paramLabel = "N",
      description = "the last so many lines (default: ${DEFAULT-VALUE})")
  private int tail;

  @Option(names = "--follow", description = "and what comes, until Ctrl-C or the end of the run")
  private boolean follow;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (tail < 1) {
      spec.commandLine().getErr().println("akkord: --tail is " + tail + "; at least 1");
      return ExitCode.USAGE;
    }
    Set<LogLines.Line> seen = new HashSet<>();
    boolean more = true;
    for (int round = 0; more; round++) {
      try (StateSource source = StateSource.open(dir)) {
        List<LogLines.Line> lines = LogLines.of(source, who, level);
        List<LogLines.Line> now =
            round == 0 ? lines.subList(Math.max(0, lines.size() - tail), lines.size()) : lines;
        if (round == 0) {
          seen.addAll(lines.subList(0, lines.size() - now.size()));
        }
        now.stream().filter(seen::add).forEach(out::println);
        out.flush();
        more = follow && source.live();
      } catch (UserError e) {
        if (round == 0) {
          throw e;
        }
      }
      if (more) {
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
      }
    }
    return ExitCode.OK;
  }
}
