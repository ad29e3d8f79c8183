package io.akkord.actors.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterTokenTest {
  private static final Map<String, String> NO_ENVIRONMENT = Map.of();

  @TempDir Path folder;
  private Path file;
  private Config config;

  @BeforeEach
  void settings() {
    file = folder.resolve("home/cluster-token");
    config =
        ConfigFactory.parseMap(Map.of("akkord.cluster.token-file", file.toString()))
            .withFallback(ConfigFactory.load());
  }

  @Test
  void aNewTokenHas32RandomBytesInAFileOfItsOwner() throws IOException {
    ClusterToken token = ClusterToken.create(file);

    assertThat(token.reveal()).matches("[A-Za-z0-9_-]{43}");
    assertThat(file).hasContent(token.reveal() + "\n");
    assertThat(Modes.of(file)).isEqualTo("rw-------");
    assertThat(Modes.of(file.getParent())).isEqualTo("rwx------");
    assertThat(ClusterToken.create(folder.resolve("other")).reveal()).isNotEqualTo(token.reveal());
  }

  @Test
  void whatIsReadMatchesWhatWasMadeAndNothingElse() {
    String secret = ClusterToken.create(file).reveal();

    ClusterToken token = ClusterToken.read(config, NO_ENVIRONMENT);

    assertThat(token.matches(secret)).isTrue();
    assertThat(token.matches(secret + " ")).isFalse();
    assertThat(token.matches(secret.substring(1))).isFalse();
    assertThat(token.matches("")).isFalse();
  }

  @Test
  void theEnvironmentGoesBeforeTheFile() {
    ClusterToken.create(file);
    String other = "another-token-of-the-environment";
    Map<String, String> environment = Map.of("AKKORD_CLUSTER_TOKEN", other);
    assertThat(ClusterToken.read(config, environment).matches(other)).isTrue();
    assertThat(ClusterToken.readOrCreate(config, environment).matches(other)).isTrue();
  }

  @Test
  void aHeadMakesATokenOnceAndFindsItAgain() {
    String first = ClusterToken.readOrCreate(config, NO_ENVIRONMENT).reveal();
    assertThat(ClusterToken.readOrCreate(config, NO_ENVIRONMENT).matches(first)).isTrue();
  }

  @Test
  void aTokenIsNeverWrittenOver() {
    String first = ClusterToken.create(file).reveal();
    assertThatThrownBy(() -> ClusterToken.create(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(file + ": there is a cluster token already")
        .hasMessageNotContaining(first);
    assertThat(file).hasContent(first + "\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r--r--", "rw-r-----", "rw-----w-"})
  void aFileThatOthersCanReachIsRefused(String mode) throws IOException {
    String secret = ClusterToken.create(file).reveal();
    Modes.set(file, mode);
    assertThatThrownBy(() -> ClusterToken.read(config, NO_ENVIRONMENT))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(file + ": other users can reach this cluster token (mode " + mode)
        .hasMessageContaining("chmod 600 " + file)
        .hasMessageNotContaining(secret);
  }

  @Test
  void aMissingFileIsToldWhereTokensComeFrom() {
    assertThatThrownBy(() -> ClusterToken.read(config, NO_ENVIRONMENT))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(file + ": there is no cluster token")
        .hasMessageContaining("AKKORD_CLUSTER_TOKEN");
  }

  @Test
  void anEmptyTokenIsNone() throws IOException {
    ClusterToken.create(file);
    Files.writeString(file, "\n");
    assertThatThrownBy(() -> ClusterToken.read(config, NO_ENVIRONMENT))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(file + ": the cluster token is empty");
    assertThatThrownBy(() -> ClusterToken.read(config, Map.of("AKKORD_CLUSTER_TOKEN", " ")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("AKKORD_CLUSTER_TOKEN: the cluster token is empty");
  }

  @ParameterizedTest
  @ValueSource(strings = {"hunter2", "a token with spaces in it, quite long"})
  void whatIsNoTokenIsRefusedWithoutBeingRepeated(String text) {
    assertThatThrownBy(() -> ClusterToken.read(config, Map.of("AKKORD_CLUSTER_TOKEN", text)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("this is no cluster token: " + text.length() + " characters")
        .hasMessageNotContaining(text);
  }

  @Test
  void aTokenDoesNotShowItselfInALog() {
    ClusterToken token = ClusterToken.create(file);
    assertThat(token.toString()).isEqualTo("ClusterToken(hidden)");
  }

  @Test
  void byDefaultItIsInTheUsersHome() {
    assertThat(ClusterToken.file(ConfigFactory.load()))
        .isEqualTo(Path.of(System.getProperty("user.home"), ".akkord", "cluster-token"));
  }
}
