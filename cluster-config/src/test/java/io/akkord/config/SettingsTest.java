package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import io.akkord.model.UserError;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
  private static final Config DEFAULTS = ConfigFactory.parseResources("reference.conf").resolve();

  private static Config with(String overrides) {
    return ConfigFactory.parseString(
            overrides, ConfigParseOptions.defaults().setOriginDescription("node.conf"))
        .withFallback(DEFAULTS);
  }

  private static String message(Config config) {
    Throwable thrown = catchThrowable(() -> Settings.read(config));
    assertThat(thrown).isInstanceOf(UserError.class);
    return thrown.getMessage();
  }

  @Test
  void theDefaultsAreValid() {
    Settings settings = Settings.read(DEFAULTS);
    assertThat(settings.ledger().maxUnacknowledged()).isEqualTo(4);
    assertThat(settings.deadlines().step()).isEqualTo(Duration.ofMinutes(10));
    assertThat(settings.bulk().unixSockets()).isTrue();
    assertThat(settings).isEqualTo(Settings.read(ConfigFactory.load()));
  }

  @Test
  void theKeysOfTheFileAreTheComponentsOfTheRecords() {
    Config akkord = DEFAULTS.getConfig("akkord");
    assertThat(akkord.root().keySet())
        .containsAll(Records.names(Settings.class, '-'))
        .hasSize(Records.names(Settings.class, '-').size() + 1)
        .contains("persistence");
    assertThat(akkord.getObject("deadlines").keySet())
        .containsExactlyInAnyOrderElementsOf(Records.names(Settings.Deadlines.class, '-'));
    assertThat(akkord.getObject("ledger").keySet())
        .containsExactlyInAnyOrderElementsOf(Records.names(Settings.Ledger.class, '-'));
    assertThat(akkord.getObject("bulk").keySet())
        .containsExactlyInAnyOrderElementsOf(Records.names(Settings.Bulk.class, '-'));
  }

  @Test
  void anOverrideIsRead() {
    Settings settings = Settings.read(with("akkord.deadlines.step = 90s"));
    assertThat(settings.deadlines().step()).isEqualTo(Duration.ofSeconds(90));
    assertThat(Settings.read(with("akkord.bulk.unix-sockets = off")).bulk().unixSockets())
        .isFalse();
  }

  @Test
  void allBadKeysAreSaidAtOnceWithTheirPlace() {
    String message =
        message(
            with(
                """
                akkord.deadlines.step = soon
                akkord.deadlines.stp = 3s
                akkord.ledger.max-unacknowledged = 50
                """));
    assertThat(message).startsWith("settings: 3 problems\n");
    assertThat(message)
        .contains(
            "node.conf: 1 akkord.deadlines.step: found soon, allowed: a duration from 10ms to 7d; write for example 20s, 10m or 2h")
        .contains("node.conf: 2 akkord.deadlines.stp: unknown key; did you mean `step`?")
        .contains(
            "node.conf: 3 akkord.ledger.max-unacknowledged: found 50, allowed: a whole number from 1 to 5; leave it out for the default");
  }

  @ParameterizedTest
  @CsvSource({
    "akkord.deadlines.checkpoint = 0s, found 0s",
    "akkord.deadlines.checkpoint = 30 days, found 30 days",
    "akkord.deadlines.checkpoint = null, found null",
    "akkord.deadlines.checkpoint = [1], found [1]",
    "akkord.ledger.max-unacknowledged = 0, found 0",
    "akkord.ledger.max-unacknowledged = many, found many",
    "akkord.bulk.unix-sockets = maybe, 'found maybe, allowed: on or off'",
    "akkord.deadlines = null, found nothing",
    "akkord.ledger.colour = red, unknown key; leave it out; the keys are [max-unacknowledged]"
  })
  void badValuesAreRefused(String line, String problem) {
    assertThat(message(with(line))).contains(problem);
  }

  @Test
  void aLedgerThatMayAnswerAfterTheStepIsOverIsRefused() {
    assertThat(message(with("akkord.deadlines.step = 5s")))
        .contains("akkord.deadlines.ledger-acknowledgement: found 20s, allowed: less than")
        .contains("akkord.deadlines.step (5s); lower it, or raise the step's deadline");
  }
}
