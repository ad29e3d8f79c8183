package io.akkord.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A cluster in a folder of its own, looked after by commands as a person gives them. */
final class ClusterCommands {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(300);

  private final Path folder;
  private final List<String> settings;

  /** What a command said. */
  record Said(int exit, String text) {}

  /**
   * A cluster.
   *
   * @param settings -D arguments of every process
   */
  ClusterCommands(Path folder, String... settings) {
    this.folder = folder;
    this.settings = List.of(settings);
  }

  /** A command in a process of its own. */
  Said akkord(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g",
            "-XX:TieredStopAtLevel=1",
            "-Dakkord.home=" + Path.of("..").toRealPath(),
            "-Dakkord.cluster.state-dir=" + folder.resolve("state"),
            "-Dakkord.cluster.token-file=" + folder.resolve("token")));
    command.addAll(settings);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(words));
    Path log = Files.createTempFile(folder, "said", ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(List.of(words) + " has not ended: " + Files.readString(log));
    }
    return new Said(process.exitValue(), Files.readString(log));
  }

  /** What the nodes of this cluster that live say of themselves. */
  List<JsonNode> nodes() throws IOException {
    Path nodes = folder.resolve("state/nodes");
    if (!Files.isDirectory(nodes)) {
      return List.of();
    }
    List<JsonNode> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(nodes)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
        JsonNode node = JSON.readTree(file.toFile());
        if (ProcessHandle.of(node.path("pid").asLong())
            .filter(ProcessHandle::isAlive)
            .isPresent()) {
          found.add(node);
        }
      }
    }
    return found;
  }

  /** A node by name. */
  JsonNode node(String name) throws IOException {
    return nodes().stream()
        .filter(node -> node.path("node").asText().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** kill -9. */
  static void kill(JsonNode node) {
    ProcessHandle process = ProcessHandle.of(node.path("pid").asLong()).orElseThrow();
    process.destroyForcibly();
    Awaitility.await().atMost(DEADLINE).until(() -> !process.isAlive());
  }

  /** Waits until a run has written so many steps down. */
  void awaitSteps(String name, int lines) {
    Path metrics = folder.resolve(name).resolve("metrics.jsonl");
    Awaitility.await("step " + lines + " of " + name)
        .atMost(DEADLINE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> Files.exists(metrics) && Files.readAllLines(metrics).size() >= lines);
  }

  /** SHA-256 of a run's model. */
  String hash(String name) throws Exception {
    byte[] bytes = Files.readAllBytes(folder.resolve(name).resolve("model.safetensors"));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
