package io.akkord.actors.security;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CertificatesTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  @TempDir static Path made;

  @TempDir Path parent;
  private Path folder;
  private Certificates certificates;

  @BeforeAll
  static void init() {
    new Certificates(made.resolve("certs"), at(NOW))
        .init(List.of("head.example", "10.0.0.7", "fd00::7"));
  }

  @BeforeEach
  void copy() throws IOException {
    folder = parent.resolve("certs");
    try (Stream<Path> files = Files.walk(made.resolve("certs"))) {
      for (Path file : files.toList()) {
        Files.copy(file, parent.resolve(made.relativize(file)), COPY_ATTRIBUTES);
      }
    }
    certificates = new Certificates(folder, at(NOW));
  }

  @Test
  void theFilesHaveTheirModes() throws IOException {
    assertThat(Modes.of(folder)).isEqualTo("rwx------");
    assertThat(Modes.of(folder.resolve("ca-key.pem"))).isEqualTo("rw-------");
    assertThat(Modes.of(folder.resolve("node-key.pem"))).isEqualTo("rw-------");
    assertThat(Modes.of(folder.resolve("ca.pem"))).isEqualTo("rw-r--r--");
    assertThat(Modes.of(folder.resolve("node.pem"))).isEqualTo("rw-r--r--");
    assertThat(folder.resolve("node-key.pem"))
        .content()
        .startsWith("-----BEGIN PRIVATE KEY-----\n");
  }

  @Test
  void theAuthoritySignsNodesAndNothingElse() throws Exception {
    X509Certificate ca = read("ca.pem");
    ca.verify(ca.getPublicKey());
    assertThat(ca.getPublicKey()).isInstanceOf(ECPublicKey.class);
    assertThat(((ECPublicKey) ca.getPublicKey()).getParams().getOrder().bitLength()).isEqualTo(256);
    assertThat(ca.getBasicConstraints()).isZero();
    assertThat(ca.getKeyUsage()[5]).isTrue(); // keyCertSign
    assertThat(validity(ca)).isEqualTo(Duration.ofDays(3650));
    assertThat(ca.getSerialNumber().bitLength()).isEqualTo(127);
  }

  @Test
  void aNodeIsServerAndClientUnderItsNames() throws Exception {
    X509Certificate node = read("node.pem");
    node.verify(read("ca.pem").getPublicKey());
    assertThat(((RSAPublicKey) node.getPublicKey()).getModulus().bitLength()).isEqualTo(3072);
    assertThat(node.getBasicConstraints()).isEqualTo(-1);
    assertThat(node.getExtendedKeyUsage())
        .containsExactlyInAnyOrder("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    assertThat(validity(node)).isEqualTo(Duration.ofDays(365));
    List<Object> names =
        node.getSubjectAlternativeNames().stream().<Object>map(n -> n.get(1)).toList();
    assertThat(names)
        .containsExactly("akkord-cluster", "head.example", "10.0.0.7", "fd00:0:0:0:0:0:0:7");
  }

  @Test
  void aFurtherNodeIsAFolderThatLoadsWithoutTheAuthoritysKey() throws IOException {
    Path node = certificates.node("worker-1", List.of("worker-1.example"));

    assertThat(node).isEqualTo(folder.resolve("worker-1"));
    assertThat(node.toFile().list())
        .containsExactlyInAnyOrder("ca.pem", "node.pem", "node-key.pem");
    assertThat(Modes.of(node.resolve("node-key.pem"))).isEqualTo("rw-------");
    assertThat(TlsMaterial.load(node, at(NOW)).notAfter())
        .isEqualTo(NOW.plus(Duration.ofDays(365)));
  }

  @Test
  void aNodeDoesNotOutliveTheAuthority() {
    Instant late = NOW.plus(Duration.ofDays(3600));
    Path node = new Certificates(folder, at(late)).node("late", List.of("late.example"));
    assertThat(TlsMaterial.load(node, at(late)).notAfter())
        .isEqualTo(NOW.plus(Duration.ofDays(3650)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ca.pem", "ca-key.pem", "node.pem", "node-key.pem"})
  void nothingIsWrittenOver(String only) throws IOException {
    for (String file : List.of("ca.pem", "ca-key.pem", "node.pem", "node-key.pem")) {
      if (!file.equals(only)) {
        Files.delete(folder.resolve(file));
      }
    }
    byte[] before = Files.readAllBytes(folder.resolve(only));

    assertThatThrownBy(() -> certificates.init(List.of("localhost")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(folder.resolve(only) + " is there already")
        .hasMessageContaining("akkord certs node " + folder + " NAME --host HOST");
    assertThat(folder.toFile().list()).containsExactly(only);
    assertThat(folder.resolve(only)).hasBinaryContent(before);
  }

  @Test
  void aNodeThatIsThereIsLeftAsItIs() {
    certificates.node("worker", List.of("worker.example"));
    assertThatThrownBy(() -> certificates.node("worker", List.of("worker.example")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(folder.resolve("worker") + " is there already");
  }

  @Test
  void aCopyWithoutTheAuthoritysKeyCannotSign() throws IOException {
    Files.delete(folder.resolve("ca-key.pem"));
    assertThatThrownBy(() -> certificates.node("worker", List.of("worker.example")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(folder.resolve("ca-key.pem") + ": there is no private key")
        .hasMessageContaining("Only the folder that `akkord certs init` made");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "http://head", "head:2552", "a b", "300.1.2.3", "-head", "10.0.0.0/8"})
  void aHostThatIsNoneIsNamedAndNothingIsWritten(String host) {
    Path other = parent.resolve("other");
    assertThatThrownBy(() -> new Certificates(other, at(NOW)).init(List.of(host)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--host " + host + ": neither a DNS name");
    assertThat(other).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../out", "a/b", "", ".hidden"})
  void aNodesNameStaysInsideTheFolder(String name) {
    assertThatThrownBy(() -> certificates.node(name, List.of("worker.example")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("a node's name has");
  }

  @Test
  void showTellsWhatExpiredAndWhenAndTheFingerprints() {
    certificates.node("worker", List.of("worker.example"));
    Instant later = NOW.plus(Duration.ofDays(366));

    List<Certificates.Shown> shown = new Certificates(folder, at(later)).show();

    assertThat(shown)
        .extracting(Certificates.Shown::file)
        .containsExactly(
            folder.resolve("ca.pem"),
            folder.resolve("node.pem"),
            folder.resolve("worker/node.pem"));
    assertThat(shown).extracting(Certificates.Shown::expired).containsExactly(false, true, true);
    assertThat(shown.get(0).subject()).startsWith("CN=Akkord cluster CA ");
    assertThat(shown.get(2).names()).containsExactly("akkord-cluster", "worker.example");
    assertThat(shown).allMatch(s -> s.sha256().matches("([0-9A-F]{2}:){31}[0-9A-F]{2}"));
  }

  private X509Certificate read(String name) {
    return Pem.certificate(folder.resolve(name), "");
  }

  private static Duration validity(X509Certificate certificate) {
    return Duration.between(NOW, certificate.getNotAfter().toInstant());
  }

  private static Clock at(Instant instant) {
    return Clock.fixed(instant, ZoneOffset.UTC);
  }
}
