package io.akkord.deploy.cli;

import io.akkord.deploy.cluster.NodeFiles;
import io.akkord.deploy.cluster.OwnCommand;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParseResult;

/** Starts a node as a process of its own and waits until it is part of its cluster. */
final class Background {
  private static final Duration LEAST = Duration.ofSeconds(90);

  /** Beyond what the node itself takes to join: the start of a JVM, and to say why it could not. */
  private static final Duration MORE_THAN_JOINING = Duration.ofSeconds(30);

  private static final int LAST_LINES = 12;

  /** Says to a node that no terminal belongs to it. */
  static final String DETACHED = "AKKORD_DETACHED";

  private final NodeFiles files;
  private final Duration deadline;
  private final PrintWriter out;

  Background(NodeFiles files, Duration joinTimeout, PrintWriter out) {
    this.files = files;
    Duration joined = joinTimeout.plus(MORE_THAN_JOINING);
    this.deadline = joined.compareTo(LEAST) > 0 ? joined : LEAST;
    this.out = out;
  }

  /**
   * Starts it.
   *
   * @param alone it is the only control node of its cluster
   */
  Integer start(ParseResult parsed, boolean head, boolean alone) throws InterruptedException {
    if (head && alone) {
      refuseSecondHead();
    }
    List<String> words = new ArrayList<>(parsed.originalArgs());
    words.add("--block");
    Path log =
        files
            .logs()
            .resolve("%s-%d.log".formatted(head ? "head" : "node", System.currentTimeMillis()));
    ProcessBuilder builder =
        new ProcessBuilder(OwnCommand.of(words))
            .redirectErrorStream(true)
            .redirectInput(new java.io.File("/dev/null"))
            .redirectOutput(log.toFile());
    builder.environment().put(DETACHED, "1");
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UserError("the node's process cannot be started: " + e.getMessage(), e);
    }
    long began = System.nanoTime();
    while (System.nanoTime() - began < deadline.toNanos()) {
      Optional<NodeFiles.Entry> entry = files.of(process.pid());
      if (entry.isPresent()) {
        next(entry.get(), head, log);
        return ExitCode.OK;
      }
      if (process.waitFor(200, TimeUnit.MILLISECONDS)) {
        throw new UserError(
            "the node ended with exit code %d before it was part of a cluster:%n%s"
                .formatted(process.exitValue(), lastLines(log)));
      }
    }
    process.destroy();
    throw new UserError(
        "the node was not part of a cluster after %d s and was ended; its log %s:%n%s"
            .formatted(deadline.toSeconds(), log, lastLines(log)));
  }

  private void refuseSecondHead() {
    files.all().stream()
        .filter(entry -> entry.role().equals("head"))
        .findFirst()
        .ifPresent(
            entry -> {
              throw new UserError(
                  "a head runs on this machine already: %s at %s (pid %d); akkord stop ends it"
                      .formatted(entry.node(), entry.address(), entry.pid()));
            });
  }

  private static String lastLines(Path log) {
    try {
      List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
      return String.join(
          System.lineSeparator(),
          lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    } catch (IOException e) {
      return "(" + log + " cannot be read)";
    }
  }

  private void next(NodeFiles.Entry entry, boolean head, Path log) {
    if (head) {
      out.printf("Local node: %s at %s (pid %d)%n", entry.node(), entry.address(), entry.pid());
      out.println();
      out.println("--------------------");
      out.println("Akkord head started.");
      out.println("--------------------");
      out.println();
      out.println("Next steps");
      out.println("  To add a node that computes, on this or another machine, run");
      out.printf("    akkord start --address %s%n", entry.address());
      out.println(
          "  (on another machine it needs the same cluster token: copy ~/.akkord/cluster-token)");
      out.println();
      out.println("  To hand in a run:");
      out.println("    akkord job submit RECIPE.yaml");
      out.println();
      out.println("  To see the cluster:");
      out.println("    akkord status");
      out.printf("    %s  (where it asks for a token: the cluster's)%n", entry.dashboard());
      out.println();
      out.println("  To end every node of this machine:");
      out.println("    akkord stop");
    } else {
      out.printf(
          "Node %s has joined the cluster (pid %d, %s).%n",
          entry.node(), entry.pid(), entry.address());
      out.println("  akkord status shows it, akkord stop ends every node of this machine.");
    }
    out.printf("Log: %s%n", log);
    out.flush();
  }
}
