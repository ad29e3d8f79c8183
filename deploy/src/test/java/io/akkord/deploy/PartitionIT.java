package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.journal.PostgresFixture;
import io.akkord.config.Persistence;
import io.akkord.deploy.ClusterCommands.Said;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three control nodes and two workers, each in a network namespace of its own, whose cables are
 * pulled: no process dies by it, no connection ends, and everything that comes is silence. The
 * database stays within reach of all, so that it is not what keeps a cut off node from deciding.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PartitionIT {
  private static final int STEPS = 60;
  private static final int CONTROL = 3;
  private static final int PORT = 7265;
  private static final Duration PATIENCE = Duration.ofSeconds(300);

  @TempDir static Path folder;
  private Namespaces namespaces;
  private PostgresFixture postgres;
  private Forwarder database;
  private ClusterCommands cluster;
  private String quiet;
  private final HttpClient http = HttpClient.newHttpClient();

  @BeforeAll
  void startFiveMachines() throws Exception {
    Optional<String> whyNot = Namespaces.whyNot();
    if (whyNot.isPresent()) {
      System.out.println("SKIPPED PartitionIT: " + whyNot.get());
      abort(whyNot.get());
    }
    Path recipe = SmallRecipe.write(folder, "quiet", STEPS, 20);
    assertThat(
            Main.run(
                "train", recipe.toString(), "--in-process", "--workers", "1", "--no-dashboard"))
        .isZero();
    quiet = new ClusterCommands(folder).hash("quiet");
    namespaces = Namespaces.create();
    for (int number = 1; number <= CONTROL + 2; number++) {
      namespaces.add(number);
    }
    postgres = new PostgresFixture();
    Persistence settings = postgres.database();
    URI url = URI.create(settings.url().substring("jdbc:".length()));
    database = Forwarder.start(namespaces.here(), url.getPort());
    cluster =
        new ClusterCommands(
            folder,
            "-Dakkord.persistence.url=jdbc:postgresql://%s:%d%s"
                .formatted(namespaces.here(), database.port(), url.getPath()),
            "-Dakkord.persistence.user=" + settings.user(),
            "-Dakkord.bulk.unix-sockets=off",
            "-Dakkord.cluster.join-timeout=4m");
    Said made = cluster.akkord("db", "init");
    assertThat(made.exit()).as(made.text()).isZero();
    List<CompletableFuture<Said>> starts = new ArrayList<>();
    for (int number = 1; number <= CONTROL; number++) {
      starts.add(startControl(number));
    }
    Awaitility.await("the cluster token")
        .atMost(PATIENCE)
        .until(() -> Files.exists(folder.resolve("token")));
    starts.add(startWorker(4, "first"));
    starts.add(startWorker(5, "second"));
    for (CompletableFuture<Said> start : starts) {
      Said said = start.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(said.exit()).as(said.text()).isZero();
    }
  }

  private CompletableFuture<Said> startControl(int number) {
    return in(number)
        .background(
            "start",
            "--head",
            "--bind",
            namespaces.address(number) + ":" + PORT,
            "--control",
            control(),
            "--name",
            "control-" + number,
            "--dashboard-host",
            namespaces.address(number),
            "--dashboard-port",
            "8265");
  }

  private CompletableFuture<Said> startWorker(int number, String name) {
    return in(number)
        .background(
            "start",
            "--address",
            control(),
            "--bind",
            namespaces.address(number) + ":0",
            "--name",
            name);
  }

  private String control() {
    return String.join(
        ",",
        IntStream.rangeClosed(1, CONTROL)
            .mapToObj(number -> namespaces.address(number) + ":" + PORT)
            .toList());
  }

  /** Commands given on one of the machines. */
  private ClusterCommands in(int number) {
    return cluster.behind(namespaces.inside(number));
  }

  @AfterAll
  void stopAll() throws Exception {
    if (namespaces == null) {
      return;
    }
    try {
      if (cluster != null) {
        Said stopped = cluster.akkord("stop", "--grace", "60");
        System.out.println(stopped.text());
        cluster.nodes().forEach(ClusterCommands::kill);
      }
    } finally {
      if (database != null) {
        database.close();
      }
      if (postgres != null) {
        postgres.close();
      }
      namespaces.close();
    }
  }

  @Test
  @Order(1)
  void aWorkerThatIsCutOffIsDoneWithoutAndComesBack() throws Exception {
    String job = submit("worker");
    cluster.awaitSteps("worker", 10);
    long cut = System.nanoTime();
    namespaces.cut(5);
    int before = steps("worker");
    Awaitility.await("a node is removed")
        .atMost(PATIENCE)
        .until(() -> !nodes(1).contains("second"));
    double removed = seconds(cut);
    awaitMore("worker", before + 2);
    double step = seconds(cut);
    namespaces.heal(5);
    long healed = System.nanoTime();
    Awaitility.await("it is back").atMost(PATIENCE).until(() -> nodes(1).contains("second"));
    System.out.printf(
        "worker cut off: removed after %.1f s, next step after %.1f s, back %.1f s after the network%n",
        removed, step, seconds(healed));
    awaitEnd(job, 1);
    assertThat(cluster.hash("worker")).isEqualTo(quiet);
    for (JsonNode node : status(1).at("/nodes")) {
      String name = node.path("node").asText();
      assertThat(node.path("incarnation").asInt())
          .as(name)
          .isEqualTo(name.equals("second") ? 2 : 1);
    }
  }

  @Test
  @Order(2)
  void theControlNodeThatCarriesTheRunIsCutOffAndNeverBeginsASecondCluster() throws Exception {
    String job = submit("control");
    cluster.awaitSteps("control", 20);
    JsonNode holder = cluster.node(status(1).at("/running/0/node").asText());
    int lost = Integer.parseInt(holder.path("node").asText().substring("control-".length()));
    int other = lost == 1 ? 2 : 1;
    long cut = System.nanoTime();
    namespaces.cut(lost);
    int before = steps("control");
    Awaitility.await("a node is removed")
        .atMost(PATIENCE)
        .until(() -> !nodes(other).contains("control-" + lost));
    double removed = seconds(cut);
    awaitMore("control", before + 2);
    double step = seconds(cut);
    Awaitility.await("the minority ends")
        .atMost(PATIENCE)
        .until(() -> cluster.nodes().stream().noneMatch(holder::equals));
    double ended = seconds(cut);
    CompletableFuture<Said> again = startControl(lost);
    awaitEnd(job, other);
    // Longer than the 5 s after which a first seed would have begun a cluster of its own.
    Thread.sleep(10_000);
    assertThat(again).isNotDone();
    namespaces.heal(lost);
    long healed = System.nanoTime();
    Said said = again.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(said.exit()).as(said.text()).isZero();
    System.out.printf(
        "control node cut off: removed after %.1f s, next step after %.1f s, it ended after %.1f s, back %.1f s after the network%n",
        removed, step, ended, seconds(healed));
    assertThat(cluster.hash("control")).isEqualTo(quiet);
    for (int number = 1; number <= CONTROL; number++) {
      int machine = number;
      Awaitility.await("one cluster, as control-%d sees it".formatted(number))
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(nodes(machine))
                      .contains("control-1", "control-2", "control-3", "first", "second"));
    }
  }

  /** Returns the id of the job. */
  private String submit(String name) throws Exception {
    Said said =
        cluster.akkord(
            "job",
            "submit",
            folder.resolve("recipe.yaml").toString(),
            "--set",
            "output_dir=" + folder.resolve(name),
            "--no-wait",
            "--address",
            dashboard(1));
    assertThat(said.exit()).as(said.text()).isZero();
    return said.text().split("'")[1];
  }

  private void awaitEnd(String job, int machine) throws Exception {
    Said tail = cluster.akkord("job", "logs", job, "--follow", "--address", dashboard(machine));
    assertThat(tail.text()).contains("Job '" + job + "' finished");
  }

  private String dashboard(int machine) {
    return "http://%s:8265".formatted(namespaces.address(machine));
  }

  private List<String> nodes(int machine) throws Exception {
    return status(machine).at("/nodes").findValuesAsText("node");
  }

  /** What `akkord status` asks for, without the start of a JVM in what is measured. */
  private JsonNode status(int machine) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(dashboard(machine) + "/api/v1/cluster"))
            .timeout(Duration.ofSeconds(15))
            .header("X-Akkord-Token", Files.readString(folder.resolve("token")).strip())
            .build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new ObjectMapper().readTree(answer.body());
  }

  private static int steps(String name) throws Exception {
    return Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl")).size();
  }

  private static void awaitMore(String name, int wanted) {
    Awaitility.await("step %d of %s".formatted(wanted, name))
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> steps(name) >= wanted);
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }
}
