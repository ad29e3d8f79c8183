package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Kubernetes asks a node, asked of a real one. */
class ProbesIT {
  @TempDir Path folder;
  private ClusterCommands cluster;

  @AfterEach
  void stop() throws Exception {
    if (cluster != null) {
      cluster.akkord("stop");
      cluster.nodes().forEach(ClusterCommands::kill);
    }
  }

  @Test
  void aHeadThatIsUpIsAliveAndReady() throws Exception {
    int port = freePort();
    cluster =
        new ClusterCommands(
            folder, "-Dakkord.management.enabled=on", "-Dakkord.management.port=" + port);
    ClusterCommands.Said started =
        cluster.akkord("start", "--head", "--bind", "127.0.0.1:0", "--dashboard-port", "0");
    assertThat(started.exit()).as(started.text()).isZero();
    assertThat(status(port, "/alive")).isEqualTo(200);
    Awaitility.await("ready")
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(status(port, "/ready")).isEqualTo(200));
    assertThat(status(port, "/cluster/members"))
        .as("read by whoever finds control nodes")
        .isEqualTo(200);
    assertThat(ListeningSockets.of(cluster.nodes().get(0).path("pid").asLong()))
        .anyMatch(address -> address.getPort() == port)
        .allMatch(address -> address.getAddress().isLoopbackAddress());
    HttpRequest down =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d/cluster/members/x".formatted(port)))
            .DELETE()
            .build();
    assertThat(send(down)).as("nobody is put out of the cluster from here").isNotEqualTo(200);
  }

  @Test
  void nodesThatAreToFindOneAnotherNeedThePort() throws Exception {
    cluster = new ClusterCommands(folder, "-Dakkord.cluster.join-timeout=5s");
    ClusterCommands.Said refused =
        cluster.akkord(
            "start",
            "--head",
            "--block",
            "--bind",
            "127.0.0.1:0",
            "--control",
            "kubernetes",
            "--dashboard-port",
            "0");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.text())
        .contains("akkord.management.enabled is off")
        .contains("AKKORD_MANAGEMENT_ENABLED=on")
        .doesNotContain("Exception");
  }

  private static int status(int port, String path) throws IOException, InterruptedException {
    return send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d%s".formatted(port, path))).build());
  }

  private static int send(HttpRequest request) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
