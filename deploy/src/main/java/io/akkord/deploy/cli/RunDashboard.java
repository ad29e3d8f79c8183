package io.akkord.deploy.cli;

import io.akkord.actors.dashboard.LiveRun;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.dashboard.http.DashboardServer;
import io.akkord.actors.dashboard.http.Token;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import io.akkord.actors.run.TrainingRun;
import io.akkord.deploy.cluster.LogCapture;
import io.akkord.deploy.state.DashboardFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The dashboard beside a run of this process; a run without one has one that does nothing. */
final class RunDashboard implements AutoCloseable {
  /** Beside the run; only its owner can read it. */
  static final String TOKEN_FILE = "dashboard-token";

  private final Path outputDir;
  private final RunSet runs;
  private final Optional<DashboardServer> server;
  private final Token token;
  private final boolean shared;
  private RunView view;
  private LogCapture capture;

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

              @Override
              public List<String> devices() {
                return run.devices();
              }

              @Override
              public List<NodeBoard.Node> nodes() {
                return run.nodes();
              }
            });
    // Whoever finds it finds a page that knows the run.
    DashboardFile.write(outputDir, server.get().url());
    if (!shared) {
      // A head's own log is shown with those of the other nodes.
      capture = LogCapture.to(view()::log);
    }
  }

  @Override
  public void close() {
    if (capture != null) {
      capture.close();
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
