package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.journal.PostgresFixture;
import io.akkord.config.Persistence;
import io.akkord.deploy.ClusterCommands.Said;
import java.net.InetAddress;
import java.net.ServerSocket;
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
            "-Dakkord.persistence.user=" + database.user(),
            "-Dakkord.cluster.join-timeout=4m");
    Said made = cluster.akkord("db", "init");
    assertThat(made.exit()).as(made.text()).isZero();
    assertThat(made.text())
        .contains(database.url() + ": made the tables event_journal, event_tag, snapshot");
    SmallRecipe.write(folder, "quiet", STEPS, 20);
    control = addresses();
    List<CompletableFuture<Said>> starts = new ArrayList<>();
    for (int i = 0; i < control.size(); i++) {
      starts.add(cluster.background(head(control.get(i))));
    }
    // The first of them makes the token that workers show.
    Awaitility.await("the cluster token")
        .atMost(Duration.ofSeconds(60))
        .until(() -> Files.exists(folder.resolve("token")));
    for (String worker : List.of("first", "second")) {
      starts.add(
          cluster.background("start", "--address", String.join(",", control), "--name", worker));
    }
    for (CompletableFuture<Said> start : starts) {
      Said said = start.get(300, TimeUnit.SECONDS);
      assertThat(said.exit()).as(said.text()).isZero();
    }
  }

  /** A control node that names itself first, as whoever begins a cluster by habit. */
  private String[] head(String address) {
    List<String> selfFirst = new ArrayList<>(control);
    selfFirst.remove(address);
    selfFirst.add(0, address);
    return new String[] {
      "start",
      "--head",
      "--bind",
      address,
      "--control",
      String.join(",", selfFirst),
      "--name",
      "control-" + control.indexOf(address),
      "--dashboard-port",
      "0"
    };
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

  @AfterAll
  void stopAll() throws Exception {
    Said stopped = cluster.akkord("stop", "--grace", "60");
    assertThat(stopped.exit()).as(stopped.text()).isZero();
    assertThat(cluster.nodes()).isEmpty();
    postgres.close();
  }

  @Test
  void theNodeThatCarriesTheRunIsKilledAnotherTakesItUpAndItComesBackIntoTheOneCluster()
      throws Exception {
    String recipe = folder.resolve("recipe.yaml").toString();
    String output = "output_dir=" + folder.resolve("moved");
    Said submitted = cluster.akkord("job", "submit", recipe, "--set", output, "--no-wait");
    assertThat(submitted.exit()).as(submitted.text()).isZero();
    cluster.awaitSteps("moved", 25);
    JsonNode holder = cluster.node(status(dashboard("control-0")).at("/running/0/node").asText());
    String killed = holder.path("node").asText();
    ClusterCommands.kill(holder);
    Said again = cluster.akkord(head(holder.path("address").asText()));
    assertThat(again.exit()).as(again.text()).isZero();

    String survivor = dashboard(killed.equals("control-0") ? "control-1" : "control-0");
    Said tail = cluster.akkord("job", "logs", "job-1", "--follow", "--address", survivor);
    assertThat(tail.text()).contains("Job 'job-1' finished");
    JsonNode after = status(survivor);
    assertThat(after.at("/failures").toString()).contains(killed);
    for (int i = 0; i < control.size(); i++) {
      JsonNode seen = status(dashboard("control-" + i));
      assertThat(seen.at("/nodes").findValuesAsText("node"))
          .as("the one cluster as control-%d sees it", i)
          .contains("control-0", "control-1", "control-2", "first", "second");
      assertThat(seen.at("/nodes").findValuesAsText("incarnation"))
          .as("workers stayed in the cluster")
          .containsOnly("1");
    }
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
