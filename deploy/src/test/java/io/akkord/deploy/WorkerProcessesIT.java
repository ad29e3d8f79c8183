package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.TestModels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Workers as real processes: some are killed, one hangs, the run's bits stay the same. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WorkerProcessesIT {
  private static final Duration DEADLINE = Duration.ofSeconds(400);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Long enough that a worker that is started again is there before the end. */
  private static final int LONG = 120;

  private static final int MEDIUM = 60;
  private static final int SHORT = 12;

  @TempDir static Path folder;
  private final List<Process> started = new ArrayList<>();
  private String shortRun;
  private String mediumRun;
  private String longRun;

  @BeforeAll
  void runInOneJvm() throws Exception {
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.writeString(
          folder.resolve("data.jsonl"), lines.limit(24).collect(Collectors.joining("\n")) + "\n");
    }
    shortRun = finish("short", start("short", SHORT, "--in-process", "--workers", "1"));
    mediumRun = finish("medium", start("medium", MEDIUM, "--in-process", "--workers", "2"));
    longRun = finish("long", start("long", LONG, "--in-process", "--workers", "2"));
  }

  @AfterEach
  void leaveNothing() {
    started.forEach(
        process -> {
          process.descendants().forEach(ProcessHandle::destroyForcibly);
          process.destroyForcibly();
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void processesGiveTheBitsOfOneJvm(int workers) throws Exception {
    String name = "processes-" + workers;
    Process run = start(name, SHORT, "--workers", "" + workers);
    assertThat(finish(name, run)).isEqualTo(shortRun);
  }

  @Test
  void processesThatSeeNothingOfTheHeadsDiskFetchOverTheLaneOnceAndThenUseTheirCache()
      throws Exception {
    String[] options = {
      "-Dakkord.content.ignore-local=true",
      "-Dakkord.content.cache-dir=" + folder.resolve("cache"),
      "--workers",
      "2"
    };
    assertThat(finish("fetched", start("fetched", SHORT, options))).isEqualTo(shortRun);
    assertThat(log("fetched"))
        .containsPattern("worker-[01] has fetched \\d+\\.\\d kB of model and data in");
    assertThat(finish("cached", start("cached", SHORT, options))).isEqualTo(shortRun);
    assertThat(log("cached")).doesNotContain("fetch");
    Path noFolder = Files.createFile(folder.resolve("no-folder"));
    options[1] = "-Dakkord.content.cache-dir=" + noFolder;
    Process failing = start("no-cache", SHORT, options);
    assertThat(failing.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(failing.exitValue()).isEqualTo(1);
    assertThat(log("no-cache"))
        .contains("no worker could start; worker-")
        .contains("the cache " + noFolder + " must be a folder with room that can be written");
  }

  @Test
  void workersThatAreKilledOrOutOfMemoryCostNoStepAndTheirSuccessorsJoinTheRun() throws Exception {
    Process run = start("killed", LONG, "--workers", "2");
    await("killed", 10);
    everyProcessIsShown("killed", run);
    worker(run, "worker-0").destroyForcibly();
    Awaitility.await()
        .atMost(DEADLINE)
        .until(() -> find(run, "worker-0.1").isPresent() || !run.isAlive());
    await("killed", LONG / 2);
    aSuccessorIsShownAsOne("killed", run);
    ProcessHandle second = worker(run, "worker-1");
    boolean starved = starve(second);
    assertThat(finish("killed", run)).isEqualTo(longRun);
    assertThat(log("killed"))
        .contains("worker worker-0 is lost")
        .contains("ended with exit code 137 (signal 9, SIGKILL)")
        .contains("it is started again as worker-0.1");
    assertThat(folder.resolve("killed/logs/worker-0.1.log")).exists();
    if (starved) {
      assertThat(log("killed"))
          .contains("worker worker-1 is lost")
          .containsPattern(
              "worker-1 \\(pid %d\\) .*ended with exit code .*: out of memory: .*[Mm]emory"
                  .formatted(second.pid()))
          .containsPattern(
              "(?m)^  \\| .+\\R  the others go on; it is started again as worker-1\\.1$");
      assertThat(folder.resolve("killed/logs/worker-1.crash.log")).exists();
    }
  }

  /**
   * Gives a process not one byte more than it has: the next allocation that the system must serve
   * is refused. Where that is not possible the process is killed.
   */
  private static boolean starve(ProcessHandle process) throws Exception {
    Path limits = Path.of("/usr/bin/prlimit");
    if (!Files.isExecutable(limits)) {
      System.err.println("SKIPPED: out of memory in a worker: " + limits + " is not here");
      process.destroyForcibly();
      return false;
    }
    Process limited =
        new ProcessBuilder(limits.toString(), "--pid", "" + process.pid(), "--as=1").start();
    assertThat(limited.waitFor()).isZero();
    return true;
  }

  @Test
  void threeOfFourKilledAtOnceStopNothing() throws Exception {
    Process run = start("most", MEDIUM, "--workers", "4");
    await("most", 10);
    List<ProcessHandle> most =
        List.of(worker(run, "worker-0"), worker(run, "worker-1"), worker(run, "worker-2"));
    most.forEach(ProcessHandle::destroyForcibly);
    assertThat(finish("most", run)).isEqualTo(mediumRun);
    // The attempt may be over before the last loss is heard of; the ends of processes are all told.
    for (int worker = 0; worker < most.size(); worker++) {
      assertThat(log("most"))
          .containsPattern(
              "worker-%d \\(pid %d\\).* ended with exit code 137 \\(signal 9, SIGKILL\\)"
                  .formatted(worker, most.get(worker).pid()));
    }
  }

  @Test
  void aWorkerThatHangsIsTakenForDeadBeforeTheStepsDeadline() throws Exception {
    Process run =
        start(
            "hanging",
            MEDIUM,
            "-Dakkord.bulk.silence=5s",
            "-Dakkord.deadlines.step=30s",
            "--workers",
            "2");
    await("hanging", 10);
    ProcessHandle worker = worker(run, "worker-1");
    new ProcessBuilder("kill", "-STOP", "" + worker.pid()).start().waitFor();
    assertThat(finish("hanging", run)).isEqualTo(mediumRun);
    assertThat(log("hanging"))
        .contains("worker worker-1 is lost")
        .doesNotContain("waited PT30S")
        .containsPattern(
            "worker-1 \\(127\\.0\\.0\\.1:\\d+, pid %d; last heard of \\d+\\.\\d s ago\\), in phase .*silent for PT5S"
                .formatted(worker.pid()));
  }

  @Test
  void theHeadKilledTakesItsWorkersAlongAndResumes() throws Exception {
    Process run = start("head", MEDIUM, "--workers", "2");
    await("head", 30);
    List<ProcessHandle> workers = run.descendants().toList();
    assertThat(workers).hasSize(2);
    run.destroyForcibly();
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> workers.stream().noneMatch(ProcessHandle::isAlive));
    Process resumed = start("head", MEDIUM, "--resume", "--workers", "2");
    assertThat(finish("head", resumed)).isEqualTo(mediumRun);
  }

  /** What the page of a run that goes on answers. */
  private static JsonNode ask(String name, String path) {
    try {
      JsonNode file = JSON.readTree(folder.resolve(name).resolve("dashboard.json").toFile());
      return JSON.readTree(
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(file.path("url").asText() + "/api/v1/" + path))
                      .timeout(Duration.ofSeconds(20))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<JsonNode> rows(String name, String path) {
    List<JsonNode> rows = new ArrayList<>();
    ask(name, path).path("rows").forEach(rows::add);
    return rows;
  }

  private static void everyProcessIsShown(String name, Process run) {
    Awaitility.await("reports of both workers")
        .atMost(DEADLINE)
        .until(
            () ->
                rows(name, "nodes").stream().filter(n -> n.path("rss_bytes").asLong() > 0).count()
                        == 3
                    || !run.isAlive());
    List<JsonNode> nodes = rows(name, "nodes");
    assertThat(nodes)
        .allMatch(node -> node.path("rss_bytes").asLong() > 0)
        .allMatch(node -> node.path("cores").asInt() > 0)
        .allMatch(node -> node.path("memory_bytes").asLong() > 0);
    assertThat(nodes.stream().map(node -> node.path("pid").asLong()).distinct()).hasSize(3);
    assertThat(nodes.get(0).path("pid").asLong()).isEqualTo(run.pid());
    for (String id : List.of("worker-0", "worker-1")) {
      JsonNode node =
          nodes.stream().filter(n -> n.path("node").asText().equals(id)).findFirst().orElseThrow();
      assertThat(node.path("pid").asLong()).isEqualTo(worker(run, id).pid());
      assertThat(node.path("devices").toString()).isEqualTo("[\"cpu:0\"]");
      assertThat(node.path("incarnation").asInt()).isEqualTo(1);
    }
    List<JsonNode> actors = rows(name, "actors");
    for (String id : List.of("worker-0", "worker-1")) {
      List<JsonNode> own =
          actors.stream().filter(actor -> actor.path("node").asText().equals(id)).toList();
      assertThat(own).as("the host of %s and what it hosts", id).hasSizeGreaterThan(1);
      assertThat(own).allMatch(actor -> actor.path("mailbox").isInt());
      assertThat(own.get(0).path("path").asText()).isEqualTo("host-of-" + id);
      assertThat(own.get(0).path("state").asText()).isEqualTo("joined");
    }
  }

  private static void aSuccessorIsShownAsOne(String name, Process run) {
    Awaitility.await("the report of worker-0.1")
        .atMost(DEADLINE)
        .until(
            () ->
                !run.isAlive()
                    || rows(name, "nodes").stream()
                        .anyMatch(
                            node ->
                                node.path("node").asText().equals("worker-0.1")
                                    && node.path("incarnation").asInt() == 2));
    assertThat(run.isAlive()).isTrue();
  }

  private static ProcessHandle worker(Process run, String id) {
    return find(run, id).orElseThrow();
  }

  private static Optional<ProcessHandle> find(Process run, String id) {
    return run.descendants().filter(process -> hasArgument(process, id)).findFirst();
  }

  /** A long command line is not in ProcessHandle.Info. */
  private static boolean hasArgument(ProcessHandle process, String argument) {
    try {
      String line = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
      return List.of(line.split("\0")).contains(argument);
    } catch (IOException e) {
      return false;
    }
  }

  private Process start(String name, int steps, String... more) throws IOException {
    Path recipe = folder.resolve(name + ".yaml");
    Files.writeString(
        recipe,
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
        warmup_steps: 1
        warmup_ratio: null
        rewrite: {warmup: 0.25, every: 0.25, fraction: 0.5, probability: 1.0, min_visits: 1, max_new_tokens: 80, batch: 3, temperature: 0.9, top_p: 1.0}
        save_steps: 25
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), folder.resolve(name), steps));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g", "-XX:TieredStopAtLevel=1", "-Dakkord.home=" + Path.of("..").toRealPath()));
    List.of(more).stream().filter(option -> option.startsWith("-D")).forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Main.class.getName(), "train", recipe.toString()));
    List.of(more).stream().filter(option -> !option.startsWith("-D")).forEach(command::add);
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve(name + ".log").toFile()))
            .start();
    started.add(process);
    return process;
  }

  private static String finish(String name, Process run) throws Exception {
    assertThat(run.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).as(log(name)).isTrue();
    assertThat(run.exitValue()).as(log(name)).isZero();
    byte[] bytes = Files.readAllBytes(folder.resolve(name).resolve("model.safetensors"));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static String log(String name) throws IOException {
    return Files.readString(folder.resolve(name + ".log"));
  }

  private static void await(String name, int lines) {
    Path metrics = folder.resolve(name).resolve("metrics.jsonl");
    Awaitility.await("step " + lines + " of " + name)
        .atMost(DEADLINE)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> Files.exists(metrics) && Files.readAllLines(metrics).size() >= lines);
  }
}
