package io.akkord.deploy.cli;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.dashboard.http.DashboardOptions;
import io.akkord.actors.dashboard.http.DashboardServer;
import io.akkord.actors.dashboard.http.Token;
import io.akkord.deploy.cluster.NodeFiles;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The dashboard of runs that are over, or go on in another process. */
@Command(
    name = "dashboard",
    mixinStandardHelpOptions = true,
    description = "Shows a run's page, after the run or beside it, until Ctrl-C.")
final class DashboardCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "output_dir of a run, or a folder of runs (default: ${DEFAULT-VALUE})")
  private Path folder;

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "port; 0: any free one (default: 8265, or the next free one up to 8285)")
  private Integer port;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      defaultValue = DashboardOptions.LOOPBACK,
      description =
          "address it listens on (default: ${DEFAULT-VALUE}); from elsewhere than this machine it asks for a token, which is printed")
  private String host;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    DashboardOptions options =
        new DashboardOptions(
            host,
            port == null ? DashboardOptions.DEFAULT_PORT : port,
            port == null ? DashboardOptions.SEARCH : 0);
    CountDownLatch end = new CountDownLatch(1);
    Token token = Token.random();
    try (RunSet runs = runs();
        DashboardServer server = DashboardServer.start(options, runs, token, out::println)) {
      if (!options.loopback()) {
        Path file = NodeFiles.of(ConfigFactory.load()).state().resolve(RunDashboard.TOKEN_FILE);
        create(file.getParent());
        token.write(file);
        out.println(RunDashboard.tokenLine(token, file));
      }
      out.println("dashboard: " + server.url());
      out.println("Ctrl-C ends it; the runs do not notice.");
      out.flush();
      end.await();
    }
    return 0;
  }

  private static void create(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UserError(
          "%s cannot be created (%s); set akkord.cluster.state-dir to a folder that can be written"
              .formatted(folder, e.getMessage()),
          e);
    }
  }

  private RunSet runs() {
    if (RunView.isRun(folder)) {
      return RunSet.around(folder);
    }
    if (!Files.isDirectory(folder)) {
      throw new UserError(
          "%s is no folder; name the output_dir of a run, or a folder of runs".formatted(folder));
    }
    RunSet runs = RunSet.under(folder);
    if (runs.all().isEmpty()) {
      throw new UserError(
          "%s holds no run; name the output_dir of a run, or a folder of runs".formatted(folder));
    }
    return runs;
  }
}
