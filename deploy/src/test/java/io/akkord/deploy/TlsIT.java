package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.deploy.ClusterCommands.Said;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A cluster of processes with TLS between all of them, whose every port is sent what no peer sends,
 * and which strangers try to join.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TlsIT {
  private static final int STEPS = 60;

  @TempDir static Path folder;
  private String quiet;
  private ClusterCommands cluster;

  @BeforeAll
  void runInThisJvm() throws Exception {
    Path recipe = SmallRecipe.write(folder, "quiet", STEPS, STEPS);
    int exit =
        Main.run("train", recipe.toString(), "--in-process", "--workers", "1", "--no-dashboard");
    assertThat(exit).isZero();
    quiet = new ClusterCommands(folder).hash("quiet");
  }

  @AfterEach
  void stop() throws Exception {
    Said stopped = cluster.akkord("stop", "--grace", "60");
    assertThat(stopped.exit()).as(stopped.text()).isZero();
    assertThat(cluster.nodes()).isEmpty();
  }

  @Test
  void aRunOverTlsGivesTheBitsOfOneWithoutAndStrangersAreRefused() throws Exception {
    Path certificates = folder.resolve("certificates");
    Path other = folder.resolve("other");
    assertThat(Main.run("certs", "init", certificates.toString())).isZero();
    assertThat(Main.run("certs", "node", certificates.toString(), "second", "--host", "127.0.0.1"))
        .isZero();
    assertThat(Main.run("certs", "init", other.toString())).isZero();
    Path mine = Files.createDirectories(folder.resolve("tls"));
    cluster = new ClusterCommands(mine, tls(certificates));
    String head = startHead(cluster);
    List<CompletableFuture<Said>> nodes =
        List.of(
            start(cluster, "--address", head, "--name", "first"),
            start(
                new ClusterCommands(mine, tls(certificates.resolve("second"))),
                "--address",
                head,
                "--name",
                "second"));
    List<CompletableFuture<Said>> strangers =
        List.of(stranger(mine, head, tls(other)), stranger(mine, head));
    for (CompletableFuture<Said> node : nodes) {
      Said said = node.get(300, TimeUnit.SECONDS);
      assertThat(said.exit()).as(said.text()).isZero();
    }

    runWhileAttacked("tls");

    for (CompletableFuture<Said> stranger : strangers) {
      Said said = stranger.get(300, TimeUnit.SECONDS);
      assertThat(said.exit()).as(said.text()).isEqualTo(1);
      assertThat(said.text()).contains("no head at [" + head + "] has let this node in for 3 s");
    }
    assertThat(cluster.akkord("status").text())
        .contains("first", "second")
        .doesNotContain("stranger");
    assertThat(log("head-"))
        .as("what whoever sends plain bytes to the lane meets")
        .contains("refused a bulk connection with a stranger")
        .contains("speaks without TLS, which is on here");
  }

  private static String[] tls(Path directory) {
    return new String[] {
      "-Dakkord.tls.enabled=on",
      "-Dakkord.tls.directory=" + directory,
      "-Dakkord.bulk.unix-sockets=off"
    };
  }

  private static String startHead(ClusterCommands cluster) throws Exception {
    Said said = cluster.akkord("start", "--head", "--bind", "127.0.0.1:0", "--dashboard-port", "0");
    assertThat(said.exit()).as(said.text()).isZero();
    return cluster.nodes().get(0).path("address").asText();
  }

  private static CompletableFuture<Said> start(ClusterCommands cluster, String... words) {
    String[] all = Stream.concat(Stream.of("start"), Stream.of(words)).toArray(String[]::new);
    return cluster.background(all);
  }

  /** Knows the token and the address, and gives up after three seconds. */
  private static CompletableFuture<Said> stranger(Path mine, String head, String... settings) {
    String[] all =
        Stream.concat(Stream.of("-Dakkord.cluster.join-timeout=3s"), Stream.of(settings))
            .toArray(String[]::new);
    return start(
        new ClusterCommands(mine, all), "--address", head, "--block", "--name", "stranger");
  }

  private void runWhileAttacked(String name) throws Exception {
    String output = "output_dir=" + folder.resolve(name).resolve("run");
    Said submitted =
        cluster.akkord(
            "job",
            "submit",
            folder.resolve("recipe.yaml").toString(),
            "--set",
            output,
            "--no-wait");
    assertThat(submitted.exit()).as(submitted.text()).isZero();
    cluster.awaitSteps("run", 3);
    Hostile.attack(cluster.nodes());
    Said tail = cluster.akkord("job", "logs", "job-1", "--follow");
    assertThat(tail.text()).contains("Job 'job-1' finished").doesNotContain("is lost");
    assertThat(cluster.hash("run")).isEqualTo(quiet);
    assertThat(cluster.akkord("job", "status", "job-1").text()).contains("begun      1 time");
  }

  /** What nodes of a kind have printed. */
  private String log(String prefix) throws IOException {
    List<String> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(cluster.folder().resolve("state/logs"))) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().startsWith(prefix)) {
          all.add(Files.readString(file));
        }
      }
    }
    return String.join("\n", all);
  }
}
