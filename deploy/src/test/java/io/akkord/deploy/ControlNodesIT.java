package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.journal.PostgresFixture;
import io.akkord.config.Persistence;
import io.akkord.deploy.ClusterCommands.Said;
import io.akkord.model.TestModels;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Three control nodes with one PostgreSQL database: any one of them may die. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ControlNodesIT {
  private static final int STEPS = 60;

  @TempDir static Path folder;
  private PostgresFixture postgres;
  private Persistence database;
  private ClusterCommands cluster;
  private List<String> control;

  @BeforeAll
  void startThreeControlNodesAndTwoWorkers() throws Exception {
    postgres = new PostgresFixture();
    database = postgres.database();
    cluster =
        new ClusterCommands(
            folder,
            "-Dakkord.persistence.url=" + database.url(),
            "-Dakkord.persistence.user=" + database.user());
    Said made = cluster.akkord("db", "init");
    assertThat(made.exit()).as(made.text()).isZero();
    assertThat(made.text())
        .contains(database.url() + ": made the tables event_journal, event_tag, snapshot");
    writeRecipe();
    control = addresses();
    List<CompletableFuture<Said>> starts = new ArrayList<>();
    for (int i = 0; i < control.size(); i++) {
      starts.add(background(head(i)));
    }
    for (String worker : List.of("first", "second")) {
      starts.add(background("start", "--address", String.join(",", control), "--name", worker));
    }
    for (CompletableFuture<Said> start : starts) {
      Said said = start.get(120, TimeUnit.SECONDS);
      assertThat(said.exit()).as(said.text()).isZero();
    }
  }

  private String[] head(int number) {
    return new String[] {
      "start",
      "--head",
      "--bind",
      control.get(number),
      "--control",
      String.join(",", control),
      "--name",
      "control-" + number,
      "--dashboard-port",
      "0"
    };
  }

  private CompletableFuture<Said> background(String... words) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return cluster.akkord(words);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        },
        work -> new Thread(work, "start").start());
  }

  private static List<String> addresses() throws Exception {
    List<ServerSocket> sockets = new ArrayList<>();
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      sockets.add(socket);
      addresses.add("127.0.0.1:" + socket.getLocalPort());
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    return addresses;
  }

  private static void writeRecipe() throws Exception {
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
        save_steps: 20
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), folder.resolve("quiet"), STEPS));
  }

  @AfterAll
  void stopAll() throws Exception {
    Said stopped = cluster.akkord("stop", "--grace", "20");
    assertThat(stopped.exit()).as(stopped.text()).isZero();
    assertThat(cluster.nodes()).isEmpty();
    postgres.close();
  }

  @Test
  void whenTheNodeThatCarriesTheRunIsKilledAnotherOneTakesItUpWithTheSameBits() throws Exception {
    String recipe = folder.resolve("recipe.yaml").toString();
    String output = "output_dir=" + folder.resolve("moved");
    Said submitted = cluster.akkord("job", "submit", recipe, "--set", output, "--no-wait");
    assertThat(submitted.exit()).as(submitted.text()).isZero();
    cluster.awaitSteps("moved", 25);
    JsonNode holder = cluster.node(status(dashboard("control-0")).at("/running/0/node").asText());
    ClusterCommands.kill(holder);

    String survivor =
        cluster.nodes().stream()
            .filter(node -> node.path("role").asText().equals("head"))
            .map(node -> node.path("dashboard").asText())
            .findFirst()
            .orElseThrow();
    Said tail = cluster.akkord("job", "logs", "job-1", "--follow", "--address", survivor);
    assertThat(tail.text()).contains("Job 'job-1' finished");
    JsonNode after = status(survivor);
    assertThat(after.at("/nodes").findValuesAsText("node"))
        .contains("first", "second")
        .doesNotContain(holder.path("node").asText());
    assertThat(after.at("/nodes").findValuesAsText("incarnation"))
        .as("workers stayed in the cluster")
        .containsOnly("1");
    assertThat(after.at("/failures").toString()).contains(holder.path("node").asText());
    Said job = cluster.akkord("job", "status", "job-1", "--address", survivor);
    assertThat(job.text()).contains("begun      2 times");

    Said quiet =
        cluster.akkord("train", recipe, "--in-process", "--workers", "1", "--no-dashboard");
    assertThat(quiet.exit()).as(quiet.text()).isZero();
    assertThat(cluster.hash("moved")).isEqualTo(cluster.hash("quiet"));
  }

  private String dashboard(String name) throws Exception {
    return cluster.node(name).path("dashboard").asText();
  }

  private JsonNode status(String dashboard) throws Exception {
    Said said = cluster.akkord("status", "--format", "json", "--address", dashboard);
    assertThat(said.exit()).as(said.text()).isZero();
    return new ObjectMapper().readTree(said.text().substring(said.text().indexOf('{')));
  }
}
