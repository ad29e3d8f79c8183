package io.akkord.deploy.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.akkord.actors.dashboard.LiveRun;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.dashboard.http.DashboardServer;
import io.akkord.actors.dashboard.http.Token;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import io.akkord.actors.run.TrainingRun;
import io.akkord.deploy.state.DashboardFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/** The dashboard beside a run of this process; a run without one has one that does nothing. */
final class RunDashboard implements AutoCloseable {
  /** Beside the run; only its owner can read it. */
  static final String TOKEN_FILE = "dashboard-token";

  private final Path outputDir;
  private final RunSet runs;
  private final Optional<DashboardServer> server;
  private final Token token;
  private final boolean shared;
  private final LogLines logLines = new LogLines();
  private RunView view;

  private RunDashboard(
      Path outputDir, RunSet runs, Optional<DashboardServer> server, Token token, boolean shared) {
    this.outputDir = outputDir;
    this.runs = runs;
    this.server = server;
    this.token = token;
    this.shared = shared;
  }

  RunDashboard(Path outputDir, RunSet runs, Optional<DashboardServer> server, Token token) {
    this(outputDir, runs, server, token, false);
  }

  /** The page of a head, which stays when the run ends. */
  static RunDashboard shared(Path outputDir, RunSet runs, DashboardServer server) {
    return new RunDashboard(outputDir, runs, Optional.of(server), null, true);
  }

  /** The one line that prints a token. */
  static String tokenLine(Token token, Path file) {
    return "the dashboard asks for this token: %s (it is in %s too, for you alone)"
        .formatted(token.reveal(), file);
  }

  /** Passes on what happens in the run. */
  void on(RunEvent event) {
    if (server.isPresent()) {
      view().on(new TimedEvent(System.currentTimeMillis(), event));
    }
  }

  private synchronized RunView view() {
    if (view == null) {
      view = runs.begin(outputDir);
    }
    return view;
  }

  /** The run has begun. */
  void follow(TrainingRun run) {
    if (server.isEmpty()) {
      return;
    }
    DashboardFile.write(outputDir, server.get().url());
    if (!shared) {
      token.write(outputDir.resolve(TOKEN_FILE));
    }
    view()
        .follow(
            new LiveRun() {
              @Override
              public void stop(String reason) {
                run.stop(reason);
              }

              @Override
              public LedgerReader ledger() {
                return run.ledger();
              }

              @Override
              public List<ActorTree.Row> actors() {
                return run.actors();
              }
            });
    logLines.start();
    root().addAppender(logLines);
  }

  private static Logger root() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  /** Warnings and errors of the process on the page's log. */
  private final class LogLines extends AppenderBase<ILoggingEvent> {
    @Override
    protected void append(ILoggingEvent line) {
      if (line.getLevel().isGreaterOrEqual(Level.WARN)) {
        view()
            .log(
                line.getTimeStamp(),
                line.getLevel().toString().toLowerCase(Locale.ROOT),
                line.getLoggerName().substring(line.getLoggerName().lastIndexOf('.') + 1),
                line.getFormattedMessage());
      }
    }
  }

  @Override
  public void close() {
    if (logLines.isStarted()) {
      root().detachAppender(logLines);
      logLines.stop();
    }
    if (view != null) {
      DashboardFile.remove(outputDir);
    }
    if (shared) {
      if (view != null) {
        // The page stays; the run's journal is closed now, and its folder tells the rest.
        view.leave();
      }
      return;
    }
    server.ifPresent(DashboardServer::close);
    if (runs != null) {
      runs.close();
    }
  }
}
