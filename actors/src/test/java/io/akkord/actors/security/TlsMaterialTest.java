package io.akkord.actors.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsMaterialTest {
  private static final Clock CLOCK = Clock.systemUTC();

  @TempDir static Path made;
  @TempDir Path folder;

  @BeforeAll
  static void makes() {
    new Certificates(made.resolve("ours"), CLOCK).init(List.of("localhost"));
    new Certificates(made.resolve("theirs"), CLOCK).init(List.of("localhost"));
  }

  @BeforeEach
  void copies() throws IOException {
    for (String name : List.of("ca.pem", "node.pem", "node-key.pem")) {
      take("ours", name);
    }
  }

  @Test
  void offByDefault() {
    assertThat(TlsMaterial.of(ConfigFactory.load())).isEmpty();
  }

  @Test
  void theSettingsNameTheFolder() {
    assertThat(TlsMaterial.of(settings(folder.toString()))).isPresent();
  }

  @Test
  void onWithoutAFolderIsToldWhatToSet() {
    assertThatThrownBy(() -> TlsMaterial.of(settings("")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("akkord.tls.directory is empty")
        .hasMessageContaining("akkord certs init DIR");
  }

  @Test
  void aSwitchThatIsNoneIsNamed() {
    var config = ConfigFactory.parseString("akkord.tls { enabled = maybe, directory = x }");
    assertThatThrownBy(() -> TlsMaterial.of(config))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("akkord.tls")
        .hasMessageContaining("enabled")
        .hasMessageContaining("on or off");
  }

  @Test
  void aMissingFolderIsNamed() {
    refused(folder.resolve("none"), folder.resolve("none") + ": there is no such folder");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ca.pem", "node.pem", "node-key.pem"})
  void aMissingFileIsNamed(String name) throws IOException {
    Files.delete(folder.resolve(name));
    refused(folder, folder.resolve(name) + ": there is no ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ca.pem", "node.pem", "node-key.pem"})
  void aFileThatCannotBeReadIsNamed(String name) throws IOException {
    Files.delete(folder.resolve(name));
    Files.createDirectory(folder.resolve(name));
    assertThatThrownBy(() -> TlsMaterial.load(folder, CLOCK))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(folder.resolve(name) + ": this ")
        .hasMessageContaining("cannot be read")
        .hasMessageContaining("Make it a file that this user can read");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ca.pem", "node.pem"})
  void aFileThatIsNoCertificateIsNamed(String name) throws IOException {
    Files.writeString(folder.resolve(name), "hello");
    refused(folder, folder.resolve(name) + ": this is no certificate in PEM form");
  }

  @Test
  void aKeyInAnotherFormIsToldHowToWriteIt() throws IOException {
    Path key = folder.resolve("node-key.pem");
    Files.writeString(
        key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    assertThatThrownBy(() -> TlsMaterial.load(folder, CLOCK))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(key + ": this is no unencrypted PKCS#8 key")
        .hasMessageContaining("openssl pkcs8 -topk8 -nocrypt");
  }

  @Test
  void theKeyOfAnotherCertificateIsNamed() throws IOException {
    take("theirs", "node-key.pem");
    refused(
        folder,
        folder.resolve("node-key.pem")
            + ": this private key is not the one of the certificate in "
            + folder.resolve("node.pem"));
  }

  @Test
  void aKeyOfAnotherKindIsNotTheCertificatesEither() throws Exception {
    var pair = KeyPairGenerator.getInstance("EC").generateKeyPair();
    Files.writeString(folder.resolve("node-key.pem"), Pem.of(pair.getPrivate()));
    refused(folder, "this private key is not the one of the certificate in");
  }

  @Test
  void aCertificateOfAnotherAuthorityIsNamed() throws IOException {
    take("theirs", "ca.pem");
    refused(
        folder,
        folder.resolve("node.pem")
            + ": this certificate was not signed by the authority in "
            + folder.resolve("ca.pem"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r--r--", "rw-r-----", "rw----r--"})
  void aKeyThatOthersCanReadIsRefused(String mode) throws IOException {
    Path key = folder.resolve("node-key.pem");
    Modes.set(key, mode);
    assertThatThrownBy(() -> TlsMaterial.load(folder, CLOCK))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(key + ": other users can reach this private key (mode " + mode)
        .hasMessageContaining("chmod 600 " + key);
  }

  @Test
  void anExpiredCertificateIsNamedWithItsDate() throws IOException {
    Instant past = Instant.parse("2020-01-01T00:00:00Z");
    Path old = made.resolve("old");
    new Certificates(old, Clock.fixed(past, ZoneOffset.UTC)).init(List.of("localhost"));
    assertThatThrownBy(() -> TlsMaterial.load(old, CLOCK))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            old.resolve("node.pem") + ": this certificate expired at 2020-12-31T00:00:00Z")
        .hasMessageContaining("akkord certs node DIR NAME");
  }

  @Test
  void aClockThatIsBehindIsSaid() {
    Clock behind = Clock.offset(CLOCK, Duration.ofDays(-1));
    assertThatThrownBy(() -> TlsMaterial.load(folder, behind))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is valid from")
        .hasMessageContaining("Set the clock");
  }

  private static void refused(Path folder, String message) {
    assertThatThrownBy(() -> TlsMaterial.load(folder, CLOCK))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(message)
        .hasMessageContaining("akkord certs init DIR");
  }

  private static com.typesafe.config.Config settings(String directory) {
    return ConfigFactory.parseMap(
            Map.of("akkord.tls.enabled", "on", "akkord.tls.directory", directory))
        .withFallback(ConfigFactory.load());
  }

  private void take(String from, String name) throws IOException {
    Files.copy(
        made.resolve(from).resolve(name),
        folder.resolve(name),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.COPY_ATTRIBUTES);
  }
}
