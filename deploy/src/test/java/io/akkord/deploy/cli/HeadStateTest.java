package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.cluster.ClusterNode;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.http.ControlRoutes;
import io.akkord.actors.dashboard.http.DashboardOptions;
import io.akkord.actors.dashboard.http.DashboardServer;
import io.akkord.actors.dashboard.http.Token;
import io.akkord.actors.node.NodeLog;
import io.akkord.deploy.cluster.HeadNode;
import io.akkord.deploy.state.Answers;
import io.akkord.deploy.state.Kind;
import io.akkord.deploy.state.LogLines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the state commands are told by a head with one node and without any run. */
class HeadStateTest {
  private static final Duration DEADLINE = Duration.ofSeconds(150);
  private static final String TOKEN = "a-cluster-token-of-a-test-0123456789abcdefghijklmn";

  @TempDir private Path folder;

  private HeadNode head;
  private ClusterNode node;
  private DashboardServer page;
  private Answers answers;

  @BeforeEach
  void begins() throws Exception {
    Path file = Files.writeString(folder.resolve("token"), TOKEN + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Config config =
        ConfigFactory.parseMap(Map.of("akkord.cluster.token-file", file.toString()))
            .withFallback(ConfigFactory.load());
    head =
        HeadNode.start(
            new HeadNode.Options(
                "the-head",
                "127.0.0.1",
                0,
                List.of(),
                TOKEN,
                null,
                folder.resolve("state"),
                NodeLog.create()),
            config,
            (job, again, workers, ended) -> reason -> {});
    page =
        DashboardServer.start(
            new DashboardOptions("127.0.0.1", 0, 0),
            RunSet.empty(),
            Token.of(TOKEN),
            Optional.of(new ControlRoutes(head.control(), folder)),
            line -> {});
    answers = new HeadAnswers(ControlClient.of(page.url(), config));
  }

  @AfterEach
  void ends() {
    if (node != null) {
      node.close();
    }
    page.close();
    head.close();
  }

  private List<JsonNode> nodes() {
    return Kind.NODES.rows(answers, 10).list();
  }

  /** Nodes that have reported. */
  private long up() {
    return nodes().stream().filter(row -> row.path("state").asText().equals("up")).count();
  }

  private LogLines logs(String of, String actor, String level) {
    return LogLines.of(answers, new LogLines.Wish(of, actor, level), 10);
  }

  @Test
  void theNodesOfAClusterAreListedWithoutARunAndWhatOneHasSaidOutlivesIt() {
    node =
        ClusterNode.start(
            new ClusterNode.Options(
                "127.0.0.1",
                0,
                List.of(head.node().address()),
                TOKEN,
                List.of(ClusterNode.WORKER),
                ConfigFactory.empty()));
    NodeLog log = NodeLog.create();
    log.add(System.currentTimeMillis(), "info", "node", "I am here");
    log.add(System.currentTimeMillis(), "warn", "parameter-shard", "it is late");
    node.describe("the-node", List.of("cpu:0", "cpu:1"), 2, log);
    Awaitility.await().atMost(DEADLINE).until(() -> up() == 2);
    assertThat(nodes()).extracting(row -> row.path("node").asText()).contains("the-head");
    JsonNode row = Kind.NODES.find(answers, "the-node").get(0);
    assertThat(row.path("incarnation").asInt()).isEqualTo(2);
    assertThat(row.path("rss_bytes").asLong()).isPositive();
    assertThat(row.path("devices")).hasSize(2);
    assertThat(Kind.WORKERS.rows(answers, 10).list()).isEmpty();
    assertThat(Kind.ACTORS.rows(answers, 10).list()).isEmpty();

    node.close();
    node = null;
    Awaitility.await().atMost(DEADLINE).until(() -> up() == 1);
    assertThat(logs("the-node", "", "info").lines())
        .extracting(LogLines.Line::text)
        .containsExactly("I am here", "it is late");
    assertThat(logs("", "ParameterShard", "warn").lines())
        .extracting(LogLines.Line::node)
        .containsExactly("the-node");
    assertThat(logs("the-node", "", "error").lines()).isEmpty();
  }
}
