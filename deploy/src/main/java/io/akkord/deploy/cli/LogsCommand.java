package io.akkord.deploy.cli;

import io.akkord.deploy.state.Answers;
import io.akkord.deploy.state.LogLines;
import io.akkord.deploy.state.LogTail;
import io.akkord.model.UserError;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What was said. */
@Command(
    name = "logs",
    mixinStandardHelpOptions = true,
    description =
        "What a run, its workers and the nodes of a cluster have said, by time; also of those that are dead.")
final class LogsCommand implements Callable<Integer> {
  private static final int POLL_MS = 1000;

  /** More lines than that do not come between two questions. */
  private static final int POLLED = 2_000;

  @Mixin private PlaceOptions place;

  @Option(
      names = "--node",
      paramLabel = "NAME",
      defaultValue = "",
      description =
          "only what this node or worker has said and what was said of it, such as worker-1; run: the run's own process")
  private String node;

  @Option(
      names = "--actor",
      paramLabel = "NAME",
      defaultValue = "",
      description = "only what this actor has said, such as supervisor or parameter-server")
  private String actor;

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
    LogLines.Wish wish = new LogLines.Wish(node, actor, level);
    LogTail shown = new LogTail();
    boolean wasLive = false;
    boolean more = true;
    for (int round = 0; more; round++) {
      try (Answers answers = place.open()) {
        LogLines said =
            LogLines.of(answers, wish, round > 0 ? POLLED : follow ? LogLines.MOST : tail);
        // Asked afterwards: a page that has gone is noticed then.
        boolean live = answers.live();
        List<LogLines.Line> lines = said.lines();
        if (round == 0) {
          int from = Math.max(0, lines.size() - tail);
          explain(said, lines.size() - from);
          shown.pass(lines.subList(0, from));
          lines = lines.subList(from, lines.size());
        }
        (wasLive && !live ? shown.nextFromElsewhere(lines) : shown.next(lines))
            .forEach(out::println);
        out.flush();
        more = follow && live;
        wasLive = live;
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

  /** What is not among the lines, beside them so that other programs need not read it. */
  private void explain(LogLines said, int lines) {
    PrintWriter err = spec.commandLine().getErr();
    if (said.matching() > lines) {
      err.printf(
          "akkord: %,d older lines match; --tail N shows up to %,d%n",
          said.matching() - lines, LogLines.MOST);
    }
    if (said.matching() <= lines) {
      // Only who has reached the oldest line wants to know what was before it.
      said.older().forEach(text -> err.println("akkord: " + text));
    }
    if (said.matching() == 0) {
      err.printf(
          "akkord: no such line; nodes that have said something: %s; actors: %s%n",
          String.join(", ", said.nodes()), String.join(", ", said.actors()));
    }
    err.flush();
  }
}
