package io.akkord.actors.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The journal in a PostgreSQL database. */
class PostgresJournalTest {
  private static PostgresFixture postgres;

  @BeforeAll
  static void start() throws Exception {
    postgres = new PostgresFixture();
  }

  @AfterAll
  static void stop() throws Exception {
    postgres.close();
  }

  @Test
  void tablesAreMadeOnceHoweverManyStartAtTheSameTime() throws Exception {
    Persistence settings = postgres.database();
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Callable<List<String>>> starts = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        starts.add(() -> PostgresSchema.create(settings));
      }
      int makers = 0;
      for (Future<List<String>> start : threads.invokeAll(starts, 60, TimeUnit.SECONDS)) {
        makers += start.get().isEmpty() ? 0 : 1;
      }
      assertThat(makers).isEqualTo(1);
    } finally {
      threads.shutdown();
    }
    assertThat(PostgresSchema.create(settings)).isEmpty();
  }

  @Test
  void aRunStaysInTheDatabaseWhereItBegan(@TempDir Path run) throws Exception {
    Persistence settings = postgres.database();
    Persistence other = postgres.database();
    Journal.open(run, settings).close();
    Journal.open(run, settings).close();
    Journal.open(run, settings.at("", "")).close();
    assertThatThrownBy(() -> Journal.open(run, other))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("keeps its journal in " + settings.url())
        .hasMessageContaining("akkord.persistence.url is " + other.url());
    assertThat(Files.readString(run.resolve("journal/database.json"))).contains(settings.url());
  }

  @Test
  void aRunThatBeganInItsFolderStaysThere(@TempDir Path run) throws Exception {
    Persistence settings = postgres.database();
    Journal.open(run, settings.at("", "")).close();
    assertThatThrownBy(() -> Journal.open(run, settings))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("keeps its journal in H2 in this folder")
        .hasMessageContaining(settings.url());
  }

  @Test
  void aRunHasOneWriterUntilItLetsGo(@TempDir Path run) throws Exception {
    Persistence settings = postgres.database();
    Journal first = Journal.open(run, settings);
    assertThatThrownBy(() -> Journal.open(run, settings))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("another process has had this run's journal open for 2 s")
        .hasCauseInstanceOf(RunInUse.class);
    first.close();
    Journal.open(run, settings).close();
  }

  @Test
  void nothingIsAcknowledgedByAWriterWhoseRunAnotherOneHasTakenOver(@TempDir Path run)
      throws Exception {
    Persistence settings = postgres.database();
    Journal first = Journal.open(run, settings);
    DiskSync sync = first.diskSync(Runnable::run);
    sync.sync().toCompletableFuture().get(10, TimeUnit.SECONDS);
    cutConnections(settings);
    sync.sync().toCompletableFuture().get(10, TimeUnit.SECONDS);
    cutConnections(settings);
    try (Journal second = Journal.open(run, settings)) {
      assertThat(sync.sync().toCompletableFuture())
          .failsWithin(10, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("another process has taken this run's journal over");
      assertThatThrownBy(first::requireOnlyWriter)
          .isInstanceOf(UserError.class)
          .hasMessage(
              "no attempt is begun here: another process has taken this run's journal over");
      assertThat(first.isTakenOver()).isTrue();
      assertThat(second.isTakenOver()).isFalse();
      second.requireOnlyWriter();
      second.diskSync(Runnable::run).sync().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
    assertThat(first.isTakenOver()).as("what was written meanwhile is not undone").isTrue();
    first.close();
  }

  private static void cutConnections(Persistence settings) throws Exception {
    postgres.number(
        "postgres",
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = '%s'"
            .formatted(PostgresFixture.name(settings)));
  }

  @Test
  void whatIsWrongWithServerUserOrRightsIsSaidPlainly() throws Exception {
    Persistence good = postgres.database();
    String name = PostgresFixture.name(good);
    refused(good.at("jdbc:postgresql://127.0.0.1:1/x", ""), "no PostgreSQL server answers there");
    refused(good.at(postgres.url("nowhere"), "postgres"), "there is no such database");
    refused(postgres.settings(name, "stranger", "wrong-secret"), "does not let user 'stranger' in");
    postgres.execute(name, "CREATE ROLE reader LOGIN");
    refused(postgres.settings(name, "reader", ""), "lacks a right");
    PostgresSchema.create(good);
    refused(postgres.settings(name, "reader", ""), "permission denied for the tables");
    postgres.execute(
        name,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON event_journal, event_tag, snapshot TO reader",
        "GRANT USAGE ON SEQUENCE event_journal_ordering_seq TO reader");
    assertThat(PostgresSchema.create(postgres.settings(name, "reader", ""))).isEmpty();

    Persistence foreign = postgres.database();
    postgres.execute(
        PostgresFixture.name(foreign),
        "CREATE TABLE event_journal (a INT)",
        "CREATE TABLE event_tag (a INT)",
        "CREATE TABLE snapshot (a INT)");
    refused(foreign, "the table event_journal is not Akkord's");
  }

  private static void refused(Persistence settings, String why) {
    assertThatThrownBy(() -> PostgresSchema.create(settings))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(settings.url())
        .hasMessageContaining(why)
        .satisfies(e -> assertThat(e.toString()).doesNotContain("wrong-secret"));
  }
}
