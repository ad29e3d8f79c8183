package io.akkord.deploy.state;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.dashboard.http.DashboardOptions;
import io.akkord.actors.dashboard.http.DashboardServer;
import io.akkord.actors.dashboard.http.Token;
import io.akkord.actors.security.ClusterToken;
import io.akkord.deploy.cluster.NodeFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whom a state command asks about a run whose page wants a token. */
class StateSourceTest {
  private static final String ONLY_LIVE = "only the page knows";

  @TempDir private Path folder;
  private Path run;
  private Config config;
  private RunSet runs;
  private DashboardServer server;
  private String clusterToken;

  @BeforeEach
  void start() throws IOException {
    run = Files.createDirectories(folder.resolve("run"));
    Files.writeString(
        run.resolve("run.json"), "{\"run_id\": \"r\", \"created_at\": \"2026-01-01T00:00:00Z\"}");
    Files.writeString(
        run.resolve("events.jsonl"), "{\"kind\": \"note\", \"text\": \"on record\", \"at\": 5}\n");
    config =
        ConfigFactory.parseMap(
                Map.of(
                    "akkord.cluster.state-dir", folder.resolve("state").toString(),
                    "akkord.cluster.token-file", folder.resolve("cluster-token").toString()))
            .withFallback(ConfigFactory.load());
    clusterToken = ClusterToken.create(ClusterToken.file(config)).reveal();
    runs = RunSet.around(run);
    RunView view = runs.find("").orElseThrow();
    view.refresh();
    view.log(6, "info", "run", ONLY_LIVE);
  }

  @AfterEach
  void stop() {
    server.close();
    runs.close();
  }

  private void page(String token) {
    server =
        DashboardServer.start(
            new DashboardOptions("0.0.0.0", 0, 0), runs, Token.of(token), line -> {});
    DashboardFile.write(run, server.url());
  }

  private String logs(StateSource source) {
    return source.get(List.of("logs"), Map.of()).toString();
  }

  @Test
  void theClusterTokenOpensThePageOfARunThatAHeadOfThisMachineShows() {
    page(clusterToken);
    NodeFiles.of(config).write("head-1", "head", "127.0.0.1:1", server.url());
    try (StateSource source = StateSource.open(run, config)) {
      assertThat(logs(source)).contains(ONLY_LIVE, "on record");
      assertThat(source.live()).isTrue();
    }
  }

  @Test
  void aTokenThatAnEarlierRunLeftInTheFolderDoesNotHideTheClusters() throws IOException {
    page(clusterToken);
    Files.writeString(run.resolve("dashboard-token"), "0123456789abcdef\n");
    NodeFiles.of(config).write("head-1", "head", "127.0.0.1:1", server.url());
    try (StateSource source = StateSource.open(run, config)) {
      assertThat(logs(source)).contains(ONLY_LIVE);
    }
  }

  @Test
  void theRunsOwnTokenOpensItsPage() {
    Token own = Token.random();
    page(own.reveal());
    own.write(run.resolve("dashboard-token"));
    try (StateSource source = StateSource.open(run, config)) {
      assertThat(logs(source)).contains(ONLY_LIVE);
    }
  }

  @Test
  void aPageThatDoesNotKnowThisPersonIsLeftForTheFolder() {
    page("another-token-that-nobody-here-has");
    NodeFiles.of(config).write("head-1", "head", "127.0.0.1:1", server.url());
    try (StateSource source = StateSource.open(run, config)) {
      assertThat(logs(source)).contains("on record").doesNotContain(ONLY_LIVE);
      assertThat(source.live()).isFalse();
    }
  }

  @Test
  void anAddressThatIsNoHeadOfThisMachineIsNotToldTheClusterToken() {
    page(clusterToken);
    try (StateSource source = StateSource.open(run, config)) {
      assertThat(logs(source)).contains("on record").doesNotContain(ONLY_LIVE);
    }
  }
}
