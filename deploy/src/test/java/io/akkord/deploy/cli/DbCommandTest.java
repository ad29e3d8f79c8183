package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.journal.PostgresFixture;
import io.akkord.config.Persistence;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DbCommandTest {
  private static PostgresFixture postgres;

  @BeforeAll
  static void start() throws Exception {
    postgres = new PostgresFixture();
  }

  @AfterAll
  static void stop() throws Exception {
    postgres.close();
  }

  private static Cli init(String url, String user) {
    return Cli.run("db", "init", "--url", url, "--user", user);
  }

  @Test
  void initSaysWhatItMadeAndThatItWasThere() throws Exception {
    Persistence database = postgres.database();
    Cli first = init(database.url(), "postgres");
    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.out())
        .contains(database.url() + ": made the tables event_journal, event_tag, snapshot");
    Cli second = init(database.url(), "postgres");
    assertThat(second.exitCode()).isZero();
    assertThat(second.out()).contains(database.url() + ": all tables were there");
  }

  @Test
  void whatIsWrongIsOneSentenceAndExitCodeOne() throws Exception {
    Persistence database = postgres.database();
    postgres.execute("postgres", "CREATE ROLE guest LOGIN");
    refused(init("jdbc:postgresql://127.0.0.1:1/x", "me"), "no PostgreSQL server answers there");
    refused(init(postgres.url("nowhere"), "postgres"), "there is no such database");
    refused(init(database.url(), "nobody-of-that-name"), "does not let user");
    refused(init(database.url(), "guest"), "lacks a right");
    refused(init("jdbc:mysql://db/x", "me"), "allowed: empty (H2 in the run's folder) or");
    refused(init("jdbc:postgresql://db/x?password=hush", "me"), "one with user or password in it");
    refused(Cli.run("db", "init"), "no database is named");
    assertThat(Cli.run("db").exitCode()).isEqualTo(2);
  }

  private static void refused(Cli said, String why) {
    assertThat(said.exitCode()).isEqualTo(1);
    assertThat(said.err()).contains(why).doesNotContain("Exception:").doesNotContain("hush");
  }
}
