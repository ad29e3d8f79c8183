package io.akkord.deploy.cli;

import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.http.DashboardOptions;
import io.akkord.actors.dashboard.http.DashboardServer;
import io.akkord.actors.dashboard.http.Token;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** Whether a run has a dashboard, and where. */
final class DashboardFlags {
  private static final int HIGHEST_PORT = 65_535;

  @Option(
      names = "--dashboard-port",
      paramLabel = "N",
      description =
          "port of the dashboard; 0: any free one (default: 8265, or the next free one up to 8285)")
  private Integer port;

  @Option(
      names = "--dashboard-host",
      paramLabel = "ADDRESS",
      defaultValue = DashboardOptions.LOOPBACK,
      description =
          "address it listens on (default: ${DEFAULT-VALUE}); from elsewhere than this machine it asks for a token, which is printed")
  private String host;

  @Option(names = "--no-dashboard", description = "no dashboard")
  private boolean none;

  /** Where to listen. */
  DashboardOptions options() {
    if (port != null && (port < 0 || port > HIGHEST_PORT)) {
      throw new UserError(
          "--dashboard-port is %d; a port is 1 to %d, or 0 for any free one"
              .formatted(port, HIGHEST_PORT));
    }
    return new DashboardOptions(
        host,
        port == null ? DashboardOptions.DEFAULT_PORT : port,
        port == null ? DashboardOptions.SEARCH : 0);
  }

  /** Listens; a port that the person named and that is taken is an error before anything begins. */
  RunDashboard open(Path outputDir, Consumer<String> say) {
    if (none) {
      return new RunDashboard(outputDir, null, Optional.empty(), null);
    }
    RunSet runs = RunSet.beside(outputDir);
    Token token = Token.random();
    try {
      DashboardServer server = DashboardServer.start(options(), runs, token, say);
      say.accept("dashboard: " + server.url());
      if (!options().loopback()) {
        say.accept(RunDashboard.tokenLine(token, outputDir.resolve(RunDashboard.TOKEN_FILE)));
      }
      return new RunDashboard(outputDir, runs, Optional.of(server), token);
    } catch (UserError e) {
      if (port != null || !options().loopback()) {
        throw e;
      }
      say.accept("no dashboard: " + e.getMessage());
      return new RunDashboard(outputDir, null, Optional.empty(), null);
    }
  }
}
