package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.TestModels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * A cluster that stays, by its own commands: a head, nodes that come and are killed, jobs one after
 * the other. What happens when its head is killed: {@link ChaosIT}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClusterIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(300);
  private static final int STEPS = 130;

  @TempDir static Path folder;
  private String expected;
  private String head;

  private record Said(int exit, String text) {}

  @BeforeAll
  void runInOneJvm() throws Exception {
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          folder.resolve("data.jsonl"), lines.limit(24).collect(Collectors.joining("\n")) + "\n");
    }
    Files.writeString(
        folder.resolve("recipe.yaml"),
        """
        model_name_or_path: %s
        train_file: data.jsonl
        output_dir: %s
        global_batch_size: 8
        micro_batch_size: 2
        logical_shards: 4
        max_steps: %d
        max_length: 256
        too_long: truncate
        learning_rate: 1.0e-3
        rewrite: off
        save_steps: 40
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), folder.resolve("quiet"), STEPS));
    Said train = akkord("train", recipe(), "--in-process", "--workers", "1", "--no-dashboard");
    assertThat(train.exit()).as(train.text()).isZero();
    expected = hash("quiet");
  }

  @AfterAll
  void stopAll() throws Exception {
    Said stopped = akkord("stop", "--grace", "30");
    assertThat(stopped.exit()).as(stopped.text()).isZero();
    assertThat(nodes()).isEmpty();
  }

  @Test
  @Order(1)
  void aHeadStartsSaysWhatToDoNextAndASecondOneIsRefused() throws Exception {
    Said started =
        start(
            "--head",
            "--bind",
            "127.0.0.1:0",
            "--dashboard-port",
            "0",
            "--dashboard-host",
            "0.0.0.0");
    assertThat(started.exit()).as(started.text()).isZero();
    onlyTheTokenFileHasTheToken();
    assertThat(started.text())
        .contains("Akkord head started.")
        .contains("Next steps")
        .contains("akkord start --address 127.0.0.1:");
    head = node("head").path("address").asText();
    Said second = start("--head", "--bind", "127.0.0.1:0", "--dashboard-port", "0");
    assertThat(second.exit()).isEqualTo(1);
    assertThat(second.text()).contains("a head runs on this machine already");
    assertThat(akkord("status").text()).contains("(no job runs)").contains("(no resource demands)");
  }

  /** The head listens beyond loopback here; logs and node files may be read by others. */
  private void onlyTheTokenFileHasTheToken() throws IOException {
    Path file = folder.resolve("token");
    String token = Files.readString(file).strip();
    List<Path> told = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.filter(Files::isRegularFile).toList()) {
        try {
          if (new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1).contains(token)) {
            told.add(path);
          }
        } catch (NoSuchFileException e) {
          // The journal has files that come and go.
        }
      }
    }
    assertThat(told).containsExactly(file);
    String dashboard = node("head").path("dashboard").asText();
    assertThat(dashboard).matches("http://0\\.0\\.0\\.0:\\d+");
    try (Stream<Path> logs = Files.list(folder.resolve("state/logs"))) {
      assertThat(Files.readString(logs.findFirst().orElseThrow()))
          .containsOnlyOnce("asks for the cluster token, which is in " + file);
    }
    try (Stream<Path> nodes = Files.list(folder.resolve("state/nodes"))) {
      assertThat(nodes.toList())
          .isNotEmpty()
          .allSatisfy(
              node ->
                  assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(node)))
                      .isEqualTo("rw-------"));
    }
  }

  @Test
  @Order(2)
  void aJobWaitsForWorkersAndSaysSo() throws Exception {
    Said submitted = submit("first", "--no-wait");
    assertThat(submitted.exit()).as(submitted.text()).isZero();
    assertThat(submitted.text()).contains("Job 'job-1' submitted successfully");
    Said status = akkord("status");
    assertThat(status.text())
        .contains("job-1: wants 1 worker, has 0: start more with akkord start --address " + head);
    Said list = akkord("job", "list");
    assertThat(list.text()).contains("job-1").contains("pending");
  }

  @Test
  @Order(3)
  void nodesThatComeAndOneThatIsKilledGiveTheBitsOfOneJvm() throws Exception {
    assertThat(start("--address", head, "--name", "first-node").exit()).isZero();
    await("first", 5);
    assertThat(start("--address", head, "--name", "late-node").exit()).isZero();
    awaitJoined("first", "late-node/cpu:0");
    await("first", steps("first") + 3);
    kill(node("late-node"));
    Said tail = akkord("job", "logs", "job-1", "--follow");
    assertThat(tail.exit()).as(tail.text()).isZero();
    assertThat(tail.text())
        .contains("worker late-node/cpu:0 is lost")
        .contains("Job 'job-1' finished");
    assertThat(hash("first")).isEqualTo(expected);
    assertThat(steps("first")).as("no step was committed twice").isEqualTo(STEPS);
    Said dead = akkord("logs", "--node", "late-node");
    assertThat(dead.text())
        .as("what it said outlives it")
        .containsPattern("late-node node +node late-node begins: pid \\d+, devices \\[cpu:0]")
        .contains("late-node/cpu:0 supervisor", "lost: ")
        .doesNotContain("first-node");
    Said list = akkord("list", "nodes", "--address", node("head").path("dashboard").asText());
    assertThat(list.text()).contains("first-node").doesNotContain("late-node");
  }

  @Test
  @Order(4)
  void aJobIsStoppedAndGoesOnAsAnother() throws Exception {
    assertThat(submit("second", "--no-wait").exit()).isZero();
    await("second", 10);
    assertThat(akkord("job", "stop", "job-2").exit()).isZero();
    Said tail = akkord("job", "logs", "job-2", "--follow");
    assertThat(tail.text()).contains("Job 'job-2' stopped: stopped by akkord job stop");
    Said taken = submit("second", "--no-wait");
    assertThat(taken.exit()).isEqualTo(1);
    assertThat(taken.text()).contains("holds a run already");
    Said resumed = submit("second", "--resume");
    assertThat(resumed.exit()).as(resumed.text()).isZero();
    assertThat(hash("second")).isEqualTo(expected);
  }

  @Test
  @Order(5)
  void whoHasNoTokenOrNothingSensibleToSayIsRefused() throws Exception {
    Path other = folder.resolve("other-token");
    Files.writeString(other, "another-cluster-token-of-another-cluster\n");
    Files.setPosixFilePermissions(other, PosixFilePermissions.fromString("rw-------"));
    Said stop = akkord("-Dakkord.cluster.token-file=" + other, "job", "stop", "job-3");
    assertThat(stop.exit()).isEqualTo(1);
    assertThat(stop.text()).contains("another cluster token");
    Said node =
        akkord(
            "-Dakkord.cluster.token-file=" + other,
            "-Dakkord.cluster.join-timeout=5s",
            "start",
            "--address",
            head,
            "--name",
            "stranger");
    assertThat(node.exit()).isEqualTo(1);
    assertThat(node.text()).contains("cluster token");
    assertThat(akkord("status").text()).doesNotContain("stranger");

    Files.writeString(folder.resolve("bad.yaml"), "learning_rat: 1\n");
    Said bad = akkord("job", "submit", folder.resolve("bad.yaml").toString());
    assertThat(bad.exit()).isEqualTo(1);
    assertThat(bad.text()).contains("learning_rat").doesNotContain("Exception");
    assertThat(akkord("job", "stop", "job-77").text()).contains("no such job");
    Said cuda = start("--address", head, "--devices", "cuda:0");
    assertThat(cuda.exit()).isEqualTo(2);
    assertThat(cuda.text())
        .contains("cuda:0 needs libtorch for CUDA", "for CPUs only", "PYTORCH_LIBRARY_PATH")
        .doesNotContain("Exception");
    Said two = start("--head", "--bind", "127.0.0.1:0", "--control", "a:1,b:2", "--block");
    assertThat(two.text()).contains("--control names 2 control nodes; 1 or 3 are possible");
    Said shared = start("--head", "--bind", "127.0.0.1:0", "--control", "a:1,b:2,c:3", "--block");
    assertThat(shared.text()).contains("set akkord.persistence.url");
  }

  private static String recipe() {
    return folder.resolve("recipe.yaml").toString();
  }

  private static Said submit(String name, String... more) throws Exception {
    List<String> words =
        new ArrayList<>(
            List.of("job", "submit", recipe(), "--set", "output_dir=" + folder.resolve(name)));
    words.addAll(List.of(more));
    return akkord(words.toArray(String[]::new));
  }

  private static Said start(String... more) throws Exception {
    List<String> words = new ArrayList<>(List.of("start"));
    words.addAll(List.of(more));
    return akkord(words.toArray(String[]::new));
  }

  /** A command in a process of its own, as a person gives it. */
  private static Said akkord(String... words) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g",
            "-XX:TieredStopAtLevel=1",
            "-Dakkord.home=" + Path.of("..").toRealPath(),
            "-Dakkord.cluster.state-dir=" + folder.resolve("state")));
    List<String> given = List.of(words);
    if (given.stream().noneMatch(word -> word.startsWith("-Dakkord.cluster.token-file"))) {
      command.add("-Dakkord.cluster.token-file=" + folder.resolve("token"));
    }
    given.stream().filter(word -> word.startsWith("-D")).forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    given.stream().filter(word -> !word.startsWith("-D")).forEach(command::add);
    Path log = Files.createTempFile(folder, "said", ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(given + " has not ended: " + Files.readString(log));
    }
    return new Said(process.exitValue(), Files.readString(log));
  }

  private static List<JsonNode> nodes() throws IOException {
    Path nodes = folder.resolve("state/nodes");
    if (!Files.isDirectory(nodes)) {
      return List.of();
    }
    List<JsonNode> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(nodes)) {
      for (Path file : files.toList()) {
        JsonNode node = JSON.readTree(file.toFile());
        if (ProcessHandle.of(node.path("pid").asLong()).isPresent()) {
          found.add(node);
        }
      }
    }
    return found;
  }

  /** By name, or the head. */
  private static JsonNode node(String name) throws IOException {
    return nodes().stream()
        .filter(
            node ->
                node.path("node").asText().equals(name) || node.path("role").asText().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static void kill(JsonNode node) {
    ProcessHandle process = ProcessHandle.of(node.path("pid").asLong()).orElseThrow();
    process.destroyForcibly();
    Awaitility.await().atMost(DEADLINE).until(() -> !process.isAlive());
  }

  private static int steps(String name) throws IOException {
    return Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl")).size();
  }

  private static void await(String name, int lines) {
    Path metrics = folder.resolve(name).resolve("metrics.jsonl");
    Awaitility.await("step " + lines + " of " + name)
        .atMost(DEADLINE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> Files.exists(metrics) && steps(name) >= lines);
  }

  private static void awaitJoined(String name, String worker) {
    Path events = folder.resolve(name).resolve("events.jsonl");
    String joined = "\"worker\":\"%s\",\"state\":\"joined\"".formatted(worker);
    Awaitility.await(worker + " in " + name)
        .atMost(DEADLINE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> Files.readString(events).contains(joined));
  }

  private static String hash(String name) throws Exception {
    byte[] bytes = Files.readAllBytes(folder.resolve(name).resolve("model.safetensors"));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
