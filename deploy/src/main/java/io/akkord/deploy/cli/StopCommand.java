package io.akkord.deploy.cli;

import com.typesafe.config.ConfigFactory;
import io.akkord.deploy.cluster.NodeFiles;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Ends this machine's nodes. */
@Command(
    name = "stop",
    mixinStandardHelpOptions = true,
    description =
        "Ends every node that runs on this machine; a run that goes on here is saved first and goes on when a head is started again.")
final class StopCommand implements Callable<Integer> {
  private static final int POLL_MS = 200;

  @Option(
      names = "--grace",
      defaultValue = "300",
      paramLabel = "SECONDS",
      description =
          "who has not ended by itself after so long is killed (default: ${DEFAULT-VALUE})")
  private int grace;

  @Option(names = "--force", description = "kill at once, without saving")
  private boolean force;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    NodeFiles files = NodeFiles.of(ConfigFactory.load());
    List<NodeFiles.Entry> nodes = files.all();
    if (nodes.isEmpty()) {
      out.println("No node runs on this machine.");
      return ExitCode.OK;
    }
    // Heads first: they save a run with the workers that are still there.
    List<NodeFiles.Entry> order =
        nodes.stream()
            .sorted(java.util.Comparator.comparing((NodeFiles.Entry e) -> !e.role().equals("head")))
            .toList();
    for (NodeFiles.Entry node : order) {
      end(node, out);
    }
    files.all();
    return ExitCode.OK;
  }

  private void end(NodeFiles.Entry node, PrintWriter out) throws InterruptedException {
    ProcessHandle process = node.process().orElse(null);
    if (process == null) {
      return;
    }
    String who = "%s %s (pid %d)".formatted(node.role(), node.node(), node.pid());
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(force ? 0 : grace);
    if (!force) {
      process.destroy();
    }
    while (process.isAlive() && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
    }
    if (!process.isAlive()) {
      out.println(who + " has ended");
    } else {
      process.destroyForcibly();
      out.println(
          who
              + (force
                  ? " was killed"
                  : " had not ended after %d s and was killed".formatted(grace)));
    }
    out.flush();
  }
}
