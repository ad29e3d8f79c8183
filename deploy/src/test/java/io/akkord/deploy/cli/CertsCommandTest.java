package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertsCommandTest {
  @TempDir Path parent;

  @Test
  void initNodeAndShowMakeWhatTheySay() throws IOException {
    Path folder = parent.resolve("certs");

    Cli init = Cli.run("certs", "init", folder, "--host", "head.example", "--host", "10.0.0.7");
    assertThat(init.exitCode()).as(init.err()).isZero();
    assertThat(init.out())
        .contains("subject    CN=Akkord cluster CA ")
        .contains("names      akkord-cluster, head.example, 10.0.0.7")
        .contains("akkord.tls { enabled = on, directory = \"" + folder + "\" }")
        .contains("akkord certs node " + folder + " NAME --host HOST")
        .doesNotContain("PRIVATE KEY");
    assertThat(folder.toFile().list())
        .containsExactlyInAnyOrder("ca.pem", "ca-key.pem", "node.pem", "node-key.pem");
    assertThat(mode(folder.resolve("ca-key.pem"))).isEqualTo("rw-------");
    assertThat(mode(folder.resolve("node-key.pem"))).isEqualTo("rw-------");

    Cli node = Cli.run("certs", "node", folder, "worker", "--host", "worker.example,10.0.0.8");
    assertThat(node.exitCode()).as(node.err()).isZero();
    assertThat(node.out()).contains(folder.resolve("worker") + " is whole: copy it");

    Cli show = Cli.run("certs", "show", folder);
    assertThat(show.exitCode()).isZero();
    assertThat(show.out())
        .contains(folder.resolve("worker/node.pem").toString())
        .contains("names      akkord-cluster, worker.example, 10.0.0.8")
        .doesNotContain("EXPIRED");
    List<String> lines = show.out().lines().toList();
    assertThat(lines).filteredOn(l -> l.matches("  not after  \\d{4}-.*Z")).hasSize(3);
    assertThat(lines).filteredOn(l -> l.matches("  sha256     ([0-9A-F]{2}:?){32}")).hasSize(3);

    Cli copy = Cli.run("certs", "show", folder.resolve("worker"));
    assertThat(copy.exitCode()).isZero();
    assertThat(copy.out().lines().filter(l -> l.startsWith("  subject"))).hasSize(2);

    Cli again = Cli.run("certs", "init", folder);
    refused(again, folder.resolve("ca.pem") + " is there already");
    Cli nodeAgain = Cli.run("certs", "node", folder, "worker", "--host", "worker.example");
    refused(nodeAgain, folder.resolve("worker") + " is there already");
  }

  @Test
  void withoutAHostTheFirstNodeIsThisMachineOnly() {
    Cli init = Cli.run("certs", "init", parent.resolve("certs"));
    assertThat(init.exitCode()).isZero();
    assertThat(init.out()).contains("names      akkord-cluster, localhost, 127.0.0.1");
  }

  @Test
  void aHostThatIsNoneIsAMistakeOfTheUser() {
    refused(
        Cli.run("certs", "init", parent.resolve("certs"), "--host", "http://head"),
        "--host http://head: neither a DNS name");
    assertThat(parent.resolve("certs")).doesNotExist();
  }

  @Test
  void aFolderWithoutCertificatesIsNamed() {
    refused(
        Cli.run("certs", "show", parent),
        parent.resolve("ca.pem") + ": there is no certificate. Make it with: akkord certs init");
    refused(
        Cli.run("certs", "node", parent, "worker", "--host", "worker.example"),
        parent.resolve("ca.pem") + ": there is no certificate");
  }

  @Test
  void aFolderThatCannotBeMadeIsNamed() throws IOException {
    Path file = Files.createFile(parent.resolve("file"));
    refused(
        Cli.run("certs", "init", file.resolve("certs")),
        file.resolve("certs") + ": the certificates cannot be written");
  }

  @Test
  void makingCertificatesLoadsNoActorSystem() throws Exception {
    LoadedClasses loaded = LoadedClasses.of("certs", "init", parent.resolve("certs").toString());

    assertThat(loaded.exitCode()).isZero();
    assertThat(loaded.names()).contains("io.akkord.actors.security.Certificates");
    assertThat(loaded.names()).noneMatch(name -> name.startsWith("akka."));
  }

  @Test
  void wrongUsageIsTwo() {
    assertThat(Cli.run("certs").exitCode()).isEqualTo(2);
    assertThat(Cli.run("certs", "init").exitCode()).isEqualTo(2);
    assertThat(Cli.run("certs", "show").exitCode()).isEqualTo(2);
    Cli node = Cli.run("certs", "node", parent, "worker");
    assertThat(node.exitCode()).isEqualTo(2);
    assertThat(node.err()).contains("--host");
  }

  private static void refused(Cli cli, String message) {
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err()).contains("akkord: " + message).doesNotContain("\tat ");
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
