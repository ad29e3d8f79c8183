package io.akkord.deploy.cli;

import com.typesafe.config.Config;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.http.ControlRoutes;
import io.akkord.actors.dashboard.http.DashboardOptions;
import io.akkord.actors.dashboard.http.DashboardServer;
import io.akkord.actors.dashboard.http.Token;
import io.akkord.actors.job.JobManager;
import io.akkord.actors.node.NodeLog;
import io.akkord.actors.security.ClusterToken;
import io.akkord.config.Settings;
import io.akkord.deploy.cluster.HeadNode;
import io.akkord.deploy.cluster.LogCapture;
import io.akkord.deploy.cluster.NodeFiles;
import io.akkord.deploy.cluster.WorkerNode;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.ExitCode;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** A node in this process, until it is told to end. */
final class Foreground {
  private static final int PARTS_SECONDS = 60;

  private final String name;
  private final Config config;
  private final NodeFiles files;
  private final PrintWriter out;
  private final boolean terminal = System.getenv(Background.DETACHED) == null;
  private final NodeLog log = NodeLog.create();

  Foreground(String name, Config config, NodeFiles files, PrintWriter out) {
    this.name = name;
    this.config = config;
    this.files = files;
    this.out = out;
    LogCapture.to(log::add);
    if (!terminal) {
      // Its terminal may be closed, or used for something else, without ending it.
      Signal.handle(new Signal("HUP"), SignalHandler.SIG_IGN);
      Signal.handle(new Signal("INT"), SignalHandler.SIG_IGN);
    }
  }

  private void say(String text) {
    log.add(System.currentTimeMillis(), "info", "node", text);
    out.println(text);
    out.flush();
  }

  private Duration duration(String key) {
    return config.getDuration("akkord.cluster." + key);
  }

  Integer head(Bind bind, List<String> control, DashboardOptions page) throws Exception {
    ClusterToken token = ClusterToken.readOrCreate(config, System.getenv());
    Path logs = folder(files.state().resolve("jobs"));
    RunSet runs = RunSet.empty();
    CompletableFuture<HeadNode> head = new CompletableFuture<>();
    CompletableFuture<DashboardServer> server = new CompletableFuture<>();
    JobRuns jobs =
        new JobRuns(
            Settings.read(config),
            logs,
            output -> await(head).open(output),
            (output, say) -> RunDashboard.shared(output, runs, await(server)));
    HeadNode.Options options =
        new HeadNode.Options(
            name,
            bind.host(),
            bind.port(),
            control,
            token.reveal(),
            control.isEmpty() ? null : duration("join-timeout"),
            files.state(),
            log);
    HeadNode node = HeadNode.start(options, config, jobs);
    head.complete(node);
    try (DashboardServer listening =
        DashboardServer.start(
            page,
            runs,
            Token.of(token.reveal()),
            Optional.of(new ControlRoutes(node.control(), logs)),
            this::say)) {
      server.complete(listening);
      awaitJoined(node);
      PoliteEnd end = new PoliteEnd(() -> end(jobs, node, control.isEmpty()));
      try (StopSignals signals =
          StopSignals.listen(
              end::begin, this::say, StopSignals.Words.HEAD, StopSignals.SAVE_WITHIN, terminal)) {
        showEarlierRuns(node, runs);
        files.write(name, "head", node.node().address(), listening.url());
        say("head %s at %s, dashboard %s".formatted(name, node.node().address(), listening.url()));
        if (!page.loopback()) {
          say("the dashboard asks for the cluster token, which is in " + tokenPlace());
        }
        try {
          node.node().awaitEnd();
        } finally {
          files.remove();
        }
        if (end.begun()) {
          return end.await();
        }
      }
    }
    say("the cluster has gone on without this node; start it again");
    return ExitCode.SOFTWARE;
  }

  /** What is printed here goes to a log that others may read. */
  private String tokenPlace() {
    return System.getenv(ClusterToken.ENVIRONMENT) != null
        ? ClusterToken.ENVIRONMENT
        : ClusterToken.file(config).toString();
  }

  /** A job that is due at once waits, on its own thread, for what it needs of this node. */
  private static <T> T await(CompletableFuture<T> part) {
    try {
      return part.get(PARTS_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new UserError("this node was not ready after %d s".formatted(PARTS_SECONDS), e);
    }
  }

  private void awaitJoined(HeadNode node) throws InterruptedException, ExecutionException {
    try {
      node.node().joined().get(duration("join-timeout").toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      String why = node.node().whyNotJoined();
      node.close();
      throw new UserError(
          "this control node has not become part of a cluster for %d s: %s; start the others that --control names, and see that they reach each other"
              .formatted(duration("join-timeout").toSeconds(), why),
          e);
    }
  }

  private static void showEarlierRuns(HeadNode node, RunSet runs) {
    try {
      for (JobManager.Row row : node.control().jobs().rows()) {
        Path folder = Path.of(row.job().order().outputDir());
        if (Files.exists(folder.resolve("run.json"))) {
          runs.begin(folder);
        }
      }
    } catch (UserError e) {
      // The queue is on its way from another node: its runs are shown when they begin here.
    }
  }

  /** The run is saved, then the node leaves. */
  private int end(JobRuns jobs, HeadNode node, boolean alone) throws InterruptedException {
    int runs = jobs.underWay();
    boolean saved = jobs.end(StopSignals.SAVE_WITHIN);
    files.remove();
    node.close();
    if (!saved) {
      say("not saved; " + StopSignals.Words.HEAD.goOn());
      return ExitCode.SOFTWARE;
    }
    String next =
        alone
            ? "resume with akkord start --head and the same state folder"
            : "another control node takes the job up";
    say(runs == 0 ? "this node has left; no job ran here" : "saved; " + next);
    return ExitCode.OK;
  }

  Integer worker(Bind bind, List<String> seeds, List<String> devices) throws Exception {
    ClusterToken token = ClusterToken.read(config, System.getenv());
    WorkerNode node =
        new WorkerNode(
            new WorkerNode.Options(
                name,
                bind.host(),
                bind.port(),
                seeds,
                devices,
                token.reveal(),
                duration("join-timeout"),
                duration("rejoin-timeout"),
                log),
            Settings.read(config),
            this::say,
            joined -> {
              files.write(name, "worker", joined.address(), "");
              say("node %s at %s has joined the cluster".formatted(name, joined.address()));
            });
    PoliteEnd end =
        new PoliteEnd(
            () -> {
              files.remove();
              node.leave("its node was asked to end");
              say("this node has left; the others go on");
              return ExitCode.OK;
            });
    try (StopSignals signals =
        StopSignals.listen(
            end::begin, this::say, StopSignals.Words.NODE, leaveWithin(), terminal)) {
      say(
          "node %s begins: pid %d, devices %s, for the head at %s"
              .formatted(name, ProcessHandle.current().pid(), devices, seeds));
      node.run();
      return end.begun() ? end.await() : ExitCode.OK;
    } finally {
      files.remove();
    }
  }

  /**
   * A host gives up after an eighth more than its runs may take to let it go; this is more than
   * that and less than what systemd and Kubernetes wait.
   */
  private Duration leaveWithin() {
    return Settings.read(config).deadlines().drain().multipliedBy(6).dividedBy(5);
  }

  private static Path folder(Path path) {
    try {
      return Files.createDirectories(path);
    } catch (IOException e) {
      throw new UserError(
          "%s cannot be created (%s); set akkord.cluster.state-dir to a folder that can be written"
              .formatted(path, e),
          e);
    }
  }
}
