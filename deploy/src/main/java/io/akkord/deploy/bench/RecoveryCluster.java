package io.akkord.deploy.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import io.akkord.deploy.cluster.NodeFiles;
import io.akkord.deploy.cluster.OwnCommand;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Three control nodes and two workers as processes of this machine, with one database. */
final class RecoveryCluster implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofMinutes(3);
  private static final int CONTROL = 3;

  /** Steps of an attempt before it is killed. */
  private static final int STEPS_BETWEEN = 20;

  /**
   * Seconds since the kill.
   *
   * @param opened until the next attempt was begun
   * @param step until a step was committed that had not been committed before
   */
  record Recovery(double opened, double step) {}

  private interface Condition {
    boolean holds() throws IOException;
  }

  private final Path folder;
  private final String url;
  private final String user;
  private final String name = "bench-" + UUID.randomUUID();
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final NodeFiles nodes;
  private final List<String> control = new ArrayList<>();
  private final Map<String, Process> processes = new LinkedHashMap<>();
  private long attempt = 1;

  private RecoveryCluster(Path folder, String url, String user) {
    this.folder = folder;
    this.url = url;
    this.user = user;
    this.nodes =
        NodeFiles.of(
            ConfigFactory.load()
                .withValue(
                    "akkord.cluster.state-dir",
                    ConfigValueFactory.fromAnyRef(folder.resolve("state").toString())));
  }

  /** Starts them; a password of the database comes from the environment. */
  static RecoveryCluster start(Path folder, String url, String user) throws Exception {
    RecoveryCluster cluster = new RecoveryCluster(folder, url, user);
    try {
      cluster.takePorts();
      for (int i = 0; i < CONTROL; i++) {
        cluster.startControl(i);
      }
      cluster.await("three control nodes", () -> cluster.nodes.all().size() == CONTROL);
      String seeds = String.join(",", cluster.control);
      cluster.start("first", List.of("start", "--address", seeds, "--name", "first", "--block"));
      cluster.start("second", List.of("start", "--address", seeds, "--name", "second", "--block"));
      cluster.await("two workers", () -> cluster.nodes.all().size() == CONTROL + 2);
      return cluster;
    } catch (Exception e) {
      cluster.close();
      throw e;
    }
  }

  private void takePorts() throws IOException {
    List<ServerSocket> taken = new ArrayList<>();
    for (int i = 0; i < CONTROL; i++) {
      ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      taken.add(socket);
      control.add("127.0.0.1:" + socket.getLocalPort());
    }
    for (ServerSocket socket : taken) {
      socket.close();
    }
  }

  private void startControl(int number) throws IOException {
    start(
        "control-" + number,
        List.of(
            "start",
            "--head",
            "--bind",
            control.get(number),
            "--control",
            String.join(",", control),
            "--name",
            "control-" + number,
            "--dashboard-port",
            "0",
            "--block"));
  }

  private Process start(String node, List<String> words) throws IOException {
    List<String> command = new ArrayList<>(OwnCommand.of(words));
    command.addAll(
        1,
        List.of(
            "-Dakkord.cluster.name=" + name,
            "-Dakkord.cluster.state-dir=" + folder.resolve("state"),
            "-Dakkord.cluster.token-file=" + folder.resolve("token")));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve(node + ".log").toFile()));
    builder.environment().put("AKKORD_PERSISTENCE_URL", url);
    builder.environment().put("AKKORD_PERSISTENCE_USER", user);
    Process process = builder.start();
    processes.put(node, process);
    return process;
  }

  /** Hands a recipe in. */
  void submit(String recipe) throws Exception {
    Path file = Files.writeString(folder.resolve("recipe.yaml"), recipe);
    Process submit =
        start("submit", List.of("job", "submit", file.toString(), "--workers", "2", "--no-wait"));
    if (!submit.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS) || submit.exitValue() != 0) {
      throw new IllegalStateException(
          "the job was not taken: " + Files.readString(folder.resolve("submit.log")));
    }
    processes.remove("submit");
  }

  /** Lets the run do some steps, kills its node, waits for the next step after those. */
  Recovery killHolder() throws Exception {
    await("steps of attempt " + attempt, () -> from(attempt) >= 0 && done() >= STEPS_BETWEEN);
    String holder = holder();
    long killed = System.nanoTime();
    Process process = processes.get(holder).destroyForcibly();
    process.waitFor();
    // Nobody writes any more: what is beyond that is the next attempt's, which may begin before.
    long before = committed();
    attempt++;
    await("attempt " + attempt, () -> from(attempt) >= 0);
    double opened = (System.nanoTime() - killed) / 1e9;
    await("step %d, of attempt %d".formatted(before + 1, attempt), () -> committed() > before);
    double step = (System.nanoTime() - killed) / 1e9;
    startControl(Integer.parseInt(holder.substring(holder.lastIndexOf('-') + 1)));
    await(holder + " back in the cluster", () -> nodes.all().size() == CONTROL + 2);
    return new Recovery(opened, step);
  }

  /** Committed steps of the newest attempt. */
  private long done() throws IOException {
    return committed() - from(attempt);
  }

  /** Committed steps of the run. */
  private long committed() throws IOException {
    try (var all = Files.lines(folder.resolve("run/metrics.jsonl"))) {
      return all.count();
    }
  }

  /** From which step an attempt goes on; -1: it has not begun. */
  private long from(long wanted) throws IOException {
    Path events = folder.resolve("run/events.jsonl");
    if (!Files.exists(events) || !Files.exists(folder.resolve("run/metrics.jsonl"))) {
      return -1;
    }
    long from = -1;
    for (String line : Files.readAllLines(events)) {
      if (line.contains("\"opened\"")) {
        JsonNode event = JSON.readTree(line);
        if (event.path("attempt").asLong() == wanted) {
          from = event.path("from_step").asLong();
        }
      }
    }
    return from;
  }

  private String holder() throws IOException, InterruptedException {
    String dashboard =
        nodes.all().stream()
            .filter(node -> node.role().equals("head"))
            .findFirst()
            .orElseThrow()
            .dashboard();
    HttpRequest question =
        HttpRequest.newBuilder(URI.create(dashboard + "/api/v1/cluster"))
            .timeout(Duration.ofSeconds(20))
            .header("X-Akkord-Token", Files.readString(folder.resolve("token")).strip())
            .build();
    String answer = http.send(question, HttpResponse.BodyHandlers.ofString()).body();
    return JSON.readTree(answer).at("/running/0/node").asText();
  }

  private void await(String what, Condition condition) throws IOException, InterruptedException {
    Instant deadline = Instant.now().plus(DEADLINE);
    while (!condition.holds()) {
      if (Instant.now().isAfter(deadline)) {
        throw new IllegalStateException(
            "%s: not seen within %d s; logs are in %s"
                .formatted(what, DEADLINE.toSeconds(), folder));
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /** Nobody wants the run any more. */
  @Override
  public void close() throws InterruptedException {
    processes.values().forEach(Process::destroyForcibly);
    for (Process process : processes.values()) {
      process.waitFor(10, TimeUnit.SECONDS);
    }
  }
}
