package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.model.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PersistenceTest {

  private static Config with(String overrides) {
    return ConfigFactory.parseString(overrides)
        .withFallback(ConfigFactory.parseResources("reference.conf"))
        .resolve();
  }

  @Test
  void withoutAUrlEveryRunKeepsItsOwnJournal() {
    assertThat(Persistence.read(with("")).shared()).isFalse();
  }

  @Test
  void theKeysOfTheFileAreTheComponentsOfTheRecord() {
    assertThat(with("").getObject("akkord.persistence").keySet())
        .containsAll(Records.names(Persistence.class, '-'))
        .hasSize(Records.names(Persistence.class, '-').size() + 1)
        .contains("password-file");
  }

  @Test
  void thePasswordComesFromAFileAndNoTextShowsIt(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("password"), "very secret\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    String url = "akkord.persistence.url = \"jdbc:postgresql://db:5432/akkord?sslmode=require\"\n";
    Persistence read =
        Persistence.read(with(url + "akkord.persistence.password-file = \"" + file + "\""));
    assertThat(read.shared()).isTrue();
    assertThat(read.password().reveal()).isEqualTo("very secret");
    assertThat(read.toString()).contains("hidden").doesNotContain("secret");

    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(
            () ->
                Persistence.read(with(url + "akkord.persistence.password-file = \"" + file + "\"")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("which every user of this machine can read")
        .hasMessageNotContaining("secret\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "url = \"jdbc:mysql://db/x\" | akkord.persistence.url: found jdbc:mysql://db/x, allowed: empty",
        "url = \"jdbc:postgresql://db\" | found jdbc:postgresql://db, allowed",
        "url = \"jdbc:postgresql://db/x?password=hush\" | with user or password in it (not shown)",
        "url = \"jdbc:postgresql://me:hush@db/x\" | with user or password in it (not shown)",
        "connections = 1 | akkord.persistence.connections: found 1, allowed: a whole number from 2",
        "connections = many | found many, allowed: a whole number",
        "connect-timeout = 20s | together less than 30 s",
        "answer-timeout = 1ms | allowed: a duration from 1s to 1h",
        "hand-over-timeout = soon | found soon, allowed: a duration",
        "urls = x | akkord.persistence.urls: unknown key; did you mean `url`?",
        "password-file = \"/nowhere/p\" | which cannot be read"
      })
  void badValuesAreRefusedWithoutTheirSecrets(String line, String problem) {
    assertThatThrownBy(() -> Persistence.read(with("akkord.persistence." + line)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(problem)
        .hasMessageNotContaining("hush");
  }
}
