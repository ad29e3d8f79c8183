package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** list, get and logs of a run that goes on meanwhile. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LiveStateTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(150);

  @TempDir static Path folder;

  private static Path run;
  private static CompletableFuture<Integer> training;

  @BeforeAll
  static void begins() throws Exception {
    run = folder.resolve("run");
    Path recipe = folder.resolve("recipe.yaml");
    Files.writeString(
        recipe,
        """
        model_name_or_path: %s
        train_file: %s
        output_dir: %s
        global_batch_size: 4
        micro_batch_size: 4
        max_steps: 100000
        max_length: 64
        too_long: truncate
        rewrite: off
        save_steps: 50000
        """
            .formatted(Cli.MODEL, Cli.DATA, run));
    training =
        CompletableFuture.supplyAsync(
            () ->
                quietly(
                    "train",
                    recipe.toString(),
                    "--in-process",
                    "--workers",
                    "2",
                    "--dashboard-port",
                    "0"));
    Awaitility.await()
        .atMost(DEADLINE)
        .until(
            () -> training.isDone() || Files.exists(run.resolve("dashboard.json")) && steps() >= 3);
    assertThat(training).isNotDone();
  }

  private static long steps() throws IOException {
    Path metrics = run.resolve("metrics.jsonl");
    return Files.exists(metrics) ? Files.readAllLines(metrics).size() : 0;
  }

  @AfterAll
  static void ends() throws Exception {
    if (!training.isDone()) {
      stop();
    }
    training.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  private static int quietly(String... words) {
    return new CommandLine(new Akkord())
        .setOut(new PrintWriter(Writer.nullWriter()))
        .execute(words);
  }

  private static void stop() throws Exception {
    String page = JSON.readTree(run.resolve("dashboard.json").toFile()).path("url").asText();
    String id = JSON.readTree(run.resolve("run.json").toFile()).path("run_id").asText();
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(page + "/api/v1/runs/" + id + "/stop"))
                    .header(
                        "X-Akkord-Token", Files.readString(run.resolve("dashboard-token")).strip())
                    .POST(HttpRequest.BodyPublishers.noBody())
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  private static JsonNode json(Object... words) throws Exception {
    List<Object> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--dir", run, "--format", "json"));
    Cli said = Cli.run(all.toArray());
    assertThat(said.exitCode()).as(said.err()).isZero();
    return JSON.readTree(said.out());
  }

  @Test
  @Order(1)
  void nodesActorsAndWorkersAreThoseThatLive() throws Exception {
    JsonNode nodes = json("list", "nodes");
    assertThat(nodes).hasSize(1);
    JsonNode node = nodes.get(0);
    assertThat(node.path("pid").asLong()).isEqualTo(ProcessHandle.current().pid());
    assertThat(node.path("rss_bytes").asLong()).isPositive();
    assertThat(node.path("devices").toString()).isEqualTo("[\"cpu:0\",\"cpu:1\"]");
    assertThat(json("get", "nodes", node.path("node").asText()).path("pid"))
        .isEqualTo(node.path("pid"));

    JsonNode actors = json("list", "actors", "--filter", "state=running");
    JsonNode supervisor = null;
    for (JsonNode actor : actors) {
      assertThat(actor.path("mailbox").isInt()).isTrue();
      if (actor.path("path").asText().endsWith("/supervisor")) {
        supervisor = actor;
      }
    }
    assertThat(supervisor).isNotNull();
    assertThat(supervisor.path("node").asText()).isEqualTo("run");
    assertThat(json("get", "actors", supervisor.path("path").asText()).path("depth"))
        .isEqualTo(supervisor.path("depth"));

    assertThat(json("list", "workers", "--filter", "state=joined").findValuesAsText("id"))
        .containsExactlyInAnyOrder("worker-0", "worker-1");
    assertThat(json("get", "workers", "worker-0").path("joins").asInt()).isEqualTo(1);
  }

  @Test
  @Order(2)
  void whoFollowsTheLogSeesEachLineOnceAndTheEnd() throws Exception {
    StringWriter said = new StringWriter();
    CompletableFuture<Integer> follow =
        CompletableFuture.supplyAsync(
            () ->
                new CommandLine(new Akkord())
                    .setOut(new PrintWriter(said))
                    .execute("logs", "--follow", "--dir", run.toString()));
    Awaitility.await().atMost(DEADLINE).until(() -> said.toString().contains("attempt 1 begins"));
    assertThat(follow).isNotDone();
    stop();
    assertThat(follow.get(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isZero();
    assertThat(said.toString()).contains("stopped after step", "checkpoint after step");
    assertThat(said.toString().lines().map(line -> line.substring(20)))
        .as("a line that the page and the folder tell of is shown once")
        .doesNotHaveDuplicates();
  }
}
