package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A head and a node in the foreground, as systemd, Kubernetes, Slurm or a person keep them. */
class NodeSignalsIT {
  private static final Duration DEADLINE = Duration.ofSeconds(90);

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void leaveNothing() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void whoIsToldToEndLeavesSaysSoAndExitsWithZero() throws Exception {
    Process head =
        start("head", "--head", "--bind", "127.0.0.1:0", "--dashboard-port", "0", "--block");
    Awaitility.await().atMost(DEADLINE).until(() -> log("head").contains(", dashboard http"));
    String at = log("head").replaceAll("(?s).* at (127\\.0\\.0\\.1:\\d+), dashboard.*", "$1");
    Process node = start("node", "--address", at, "--name", "node", "--block");
    Awaitility.await().atMost(DEADLINE).until(() -> log("node").contains("has joined the cluster"));

    signal(node, "INT");
    assertThat(node.waitFor(60, TimeUnit.SECONDS)).as(log("node")).isTrue();
    assertThat(node.exitValue()).as(log("node")).isZero();
    assertThat(log("node"))
        .contains("SIGINT: this node gives its share of runs to others and leaves, 288 s at most")
        .contains("this node has left; the others go on");

    String hangUp = HangUp.isIgnored() ? "TERM" : "HUP";
    signal(head, hangUp);
    assertThat(head.waitFor(60, TimeUnit.SECONDS)).as(log("head")).isTrue();
    assertThat(head.exitValue()).as(log("head")).isZero();
    assertThat(log("head")).contains("SIG" + hangUp + ": ", "this node has left; no job ran here");
    try (var files = Files.list(folder.resolve("state/nodes"))) {
      assertThat(files).as("nobody is taken for a node that runs").isEmpty();
    }
  }

  private Process start(String log, String... words) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g",
            "-XX:TieredStopAtLevel=1",
            "-Dakkord.home=" + Path.of("..").toRealPath(),
            "-Dakkord.cluster.state-dir=" + folder.resolve("state"),
            "-Dakkord.cluster.token-file=" + folder.resolve("token"),
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "start"));
    command.addAll(List.of(words));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(log + ".log").toFile())
            .start();
    started.add(process);
    return process;
  }

  private String log(String name) throws IOException {
    return Files.readString(folder.resolve(name + ".log"));
  }

  private static void signal(Process process, String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
    assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }
}
