package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.deploy.ChaosTotals.Kind;
import io.akkord.deploy.ChaosTotals.Trouble;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The demo on a head and two nodes, each a process, of which random ones are killed, stopped and
 * started again: the weights are those of the quiet run in one JVM.
 */
class ChaosIT {
  private static final Path DEMO = Path.of("demo").toAbsolutePath();

  /** So near its end a run may be over before somebody is killed. */
  private static final int MARGIN = 15;

  private static final Duration STEP_DEADLINE = Duration.ofSeconds(300);
  private static final Duration LONGEST_QUIET = Duration.ofSeconds(5);

  @TempDir private Path folder;
  private final ChaosTotals totals = new ChaosTotals();
  private ClusterCommands cluster;
  private String head;
  private int steps;

  @AfterEach
  void stopAll() throws Exception {
    var stopped = cluster.akkord("stop", "--grace", "30");
    assertThat(stopped.exit()).as(stopped.text()).isZero();
  }

  /** One of each kind, the last of them while a node is missing. */
  @Test
  void aKillAStopAndTheHeadsKillChangeNoBit() throws Exception {
    String small =
        """
        max_steps: 60
        global_batch_size: 8
        micro_batch_size: 2
        logical_shards: 4
        max_length: 256
        too_long: truncate
        learning_rate: 1.0e-3
        rewrite: {warmup: 0.3, every: 0.3, fraction: 0.02, probability: 1.0, min_visits: 1, max_new_tokens: 40}
        save_steps: 25
        """;
    quietRun(small);
    beginChaos();
    killNode("node-a");
    stopNodeUntilSuspected("node-b");
    killHead();
    start("--address", head, "--name", "node-a");
    awaitEnd(Duration.ofMinutes(5));
    var tail = cluster.akkord("job", "logs", "job-1", "--follow");
    assertThat(tail.text())
        .contains("Job 'job-1' finished")
        .contains("node-a/cpu:0 is lost")
        .doesNotContain("node-b/cpu:0 is lost");
    assertThat(cluster.akkord("job", "status", "job-1").text()).contains("begun      2 times");
    assertThat(cluster.akkord("status").text()).contains("incarnation 2");
    assertSameBits();
    assertThat(ChaosTotals.takenUp(output())).hasSize(1);
    assertThat(totals.all())
        .extracting(Trouble::kind)
        .containsExactly(Kind.NODE_KILLED, Kind.NODE_STOPPED, Kind.HEAD_KILLED);
  }

  /**
   * The demo's own recipe, lengthened to {@code -Dakkord.chaos.minutes}. Who is next follows {@code
   * -Dakkord.chaos.seed}; when exactly it strikes does not.
   */
  @Test
  @Tag("slow")
  void theDemoUnderFireForMinutesChangesNoBit() throws Exception {
    int minutes = Integer.getInteger("akkord.chaos.minutes", 5);
    long seed = Long.getLong("akkord.chaos.seed", 1);
    Random random = new Random(seed);
    String recipe = Files.readString(DEMO.resolve("demo.yaml"));
    double seconds = quietRun(recipe);
    long epochs = Math.max(3, Math.round(3 * minutes * 60 / seconds));
    quietRun(recipe.replace("num_train_epochs: 3", "num_train_epochs: " + epochs));
    beginChaos();
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
    while (System.nanoTime() < end && committed() + MARGIN < steps) {
      Thread.sleep(random.nextLong(LONGEST_QUIET.toMillis()));
      String node = random.nextBoolean() ? "node-a" : "node-b";
      long pause = 200 + random.nextLong(2500);
      switch (Kind.values()[random.nextInt(Kind.values().length)]) {
        case HEAD_KILLED -> killHead();
        case NODE_STOPPED -> stopNode(node, pause);
        case NODE_KILLED -> {
          killNode(node);
          Thread.sleep(pause);
          start("--address", head, "--name", node);
        }
      }
    }
    awaitEnd(Duration.ofMinutes(5 + 3L * minutes));
    assertSameBits();
    assertThat(totals.all()).as("seed %d", seed).hasSizeGreaterThanOrEqualTo(2 * minutes);
    assertThat(ChaosTotals.takenUp(output()).size())
        .isGreaterThanOrEqualTo((int) totals.count(Kind.HEAD_KILLED));
  }

  /** Seconds that it took. */
  private double quietRun(String recipe) throws Exception {
    cluster = new ClusterCommands(folder);
    List<String> rows = Files.readAllLines(DEMO.resolve("data/mixed_stories.jsonl"));
    List<String> heldOut = new ArrayList<>();
    List<String> train = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      (i % 10 == 0 ? heldOut : train).add(rows.get(i));
    }
    Files.write(folder.resolve("held_out.jsonl"), heldOut);
    Files.write(folder.resolve("train.jsonl"), train);
    String evaluated = recipe.contains("eval_steps") ? "eval_file: held_out.jsonl\n" : "";
    String paths =
        "model_name_or_path: %s\ntrain_file: train.jsonl\n%s"
            .formatted(DEMO.resolve("models/stories260K"), evaluated);
    Files.writeString(folder.resolve("recipe.yaml"), paths + recipe);
    Path quiet = folder.resolve("quiet");
    if (Files.exists(quiet)) {
      Files.move(quiet, folder.resolve("measured"));
    }
    long began = System.nanoTime();
    String to = "output_dir=" + quiet;
    assertThat(Main.run("train", recipe(), "--in-process", "--no-dashboard", "--set", to)).isZero();
    steps = Files.readAllLines(quiet.resolve("metrics.jsonl")).size();
    return (System.nanoTime() - began) / 1e9;
  }

  private void beginChaos() throws Exception {
    start("--head", "--bind", "127.0.0.1:0", "--dashboard-port", "0");
    head = address(head());
    start("--address", head, "--name", "node-a");
    start("--address", head, "--name", "node-b");
    var submitted =
        cluster.akkord(
            "job",
            "submit",
            recipe(),
            "--set",
            "output_dir=" + output(),
            "--workers",
            "2",
            "--no-wait");
    assertThat(submitted.exit()).as(submitted.text()).isZero();
    cluster.awaitSteps("chaos", 3);
  }

  private void awaitEnd(Duration most) {
    Awaitility.await("the end of the run after " + totals.all())
        .atMost(most)
        .until(() -> Files.exists(output().resolve("model.safetensors")));
  }

  private void assertSameBits() throws Exception {
    assertThat(cluster.hash("chaos")).as("%s", totals.all()).isEqualTo(cluster.hash("quiet"));
    assertThat(committed()).as("no step is told twice").isEqualTo(steps);
    assertThat(totals.lostSeconds(output())).isPositive();
    System.out.println(totals.line(output()));
  }

  private void killNode(String name) throws Exception {
    JsonNode node = cluster.node(name);
    trouble(Kind.NODE_KILLED, name, () -> ClusterCommands.kill(node));
  }

  private void stopNode(String name, long millis) throws Exception {
    long pid = cluster.node(name).path("pid").asLong();
    trouble(
        Kind.NODE_STOPPED,
        name,
        () -> {
          signal(pid, "-STOP");
          Thread.sleep(millis);
          signal(pid, "-CONT");
        });
  }

  /** It answers again before it is given up. */
  private void stopNodeUntilSuspected(String name) throws Exception {
    JsonNode node = cluster.node(name);
    long pid = node.path("pid").asLong();
    String suspected = "Marking node as UNREACHABLE [Member(akka://akkord@" + address(node);
    trouble(
        Kind.NODE_STOPPED,
        name,
        () -> {
          signal(pid, "-STOP");
          Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> headLog(suspected));
          // The others are told of it.
          Thread.sleep(1000);
          signal(pid, "-CONT");
        });
    // Time to be asked for a worker once more, if anybody did.
    Thread.sleep(3000);
  }

  private static String address(JsonNode node) {
    return node.path("address").asText();
  }

  private boolean headLog(String words) throws IOException {
    try (var files = Files.list(folder.resolve("state/logs"))) {
      for (Path log : files.filter(f -> f.getFileName().toString().startsWith("head-")).toList()) {
        if (Files.readString(log).contains(words)) {
          return true;
        }
      }
    }
    return false;
  }

  private void killHead() throws Exception {
    JsonNode node = head();
    trouble(
        Kind.HEAD_KILLED,
        "head",
        () -> {
          ClusterCommands.kill(node);
          start("--head", "--bind", head, "--dashboard-port", "0");
        });
  }

  private interface Deed {
    void run() throws Exception;
  }

  /** The run must go on, and how long that took is written down. */
  private void trouble(Kind kind, String who, Deed deed) throws Exception {
    int before = committed();
    long at = System.currentTimeMillis();
    deed.run();
    Awaitility.await("a step after " + kind + " of " + who + " after " + totals.all())
        .atMost(STEP_DEADLINE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> committed() > before);
    double seconds = (System.currentTimeMillis() - at) / 1e3;
    totals.add(new Trouble(kind, who, at, before, seconds));
  }

  private static void signal(long pid, String signal) throws Exception {
    Process kill = new ProcessBuilder("kill", signal, Long.toString(pid)).start();
    assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  private Path output() {
    return folder.resolve("chaos");
  }

  private String recipe() {
    return folder.resolve("recipe.yaml").toString();
  }

  private JsonNode head() throws IOException {
    return cluster.nodes().stream()
        .filter(node -> node.path("role").asText().equals("head"))
        .findFirst()
        .orElseThrow();
  }

  private int committed() throws IOException {
    Path metrics = output().resolve("metrics.jsonl");
    return Files.exists(metrics) ? Files.readAllLines(metrics).size() : 0;
  }

  private void start(String... more) throws Exception {
    List<String> words = new ArrayList<>(List.of("start"));
    words.addAll(List.of(more));
    var said = cluster.akkord(words.toArray(String[]::new));
    assertThat(said.exit()).as(said.text()).isZero();
  }
}
