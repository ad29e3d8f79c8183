package io.akkord.actors.journal;

import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;

/** Connects to a PostgreSQL server, and says in plain words why it cannot be used. */
final class PostgresServer {
  private static final String WRONG_PASSWORD = "28P01";
  private static final String NOT_LET_IN = "28000";
  private static final String NO_DATABASE = "3D000";
  private static final String NO_RIGHT = "42501";
  private static final String REFUSED = "08004";
  private static final String UNREACHABLE = "08";
  private static final String SETTINGS = "akkord.persistence";

  private final Persistence settings;

  PostgresServer(Persistence settings) {
    this.settings = settings;
  }

  Persistence settings() {
    return settings;
  }

  /** A connection whose waits all end. */
  Connection connect() {
    try {
      return tryConnect();
    } catch (SQLException e) {
      throw unusable(e);
    }
  }

  Connection tryConnect() throws SQLException {
    Properties properties = new Properties();
    if (!settings.user().isEmpty()) {
      properties.setProperty("user", settings.user());
    }
    if (!settings.password().reveal().isEmpty()) {
      properties.setProperty("password", settings.password().reveal());
    }
    properties.setProperty("ApplicationName", "akkord");
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("connectTimeout", seconds(settings.connectTimeout()));
    properties.setProperty("loginTimeout", seconds(settings.connectTimeout()));
    properties.setProperty("socketTimeout", seconds(settings.answerTimeout()));
    return DriverManager.getConnection(settings.url(), properties);
  }

  static String seconds(Duration duration) {
    return Long.toString(Math.max(1, duration.toSeconds()));
  }

  private String who() {
    return settings.user().isEmpty()
        ? "the user of this process (%s.user is empty)".formatted(SETTINGS)
        : "user '%s'".formatted(settings.user());
  }

  /** What is wrong, and what to do. */
  UserError unusable(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    String said = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    String text =
        switch (state) {
          case WRONG_PASSWORD, REFUSED, NOT_LET_IN ->
              "the server does not let %s in (%s). See %s.user and the password (AKKORD_PERSISTENCE_PASSWORD or %s.password-file)"
                  .formatted(who(), said, SETTINGS, SETTINGS);
          case NO_DATABASE ->
              "there is no such database (%s). Create it (createdb), or name another in %s.url"
                  .formatted(said, SETTINGS);
          case NO_RIGHT ->
              "%s lacks a right (%s). Have somebody who may run `akkord db init`, then GRANT SELECT, INSERT, UPDATE, DELETE ON event_journal, event_tag, snapshot and USAGE ON SEQUENCE event_journal_ordering_seq"
                  .formatted(who(), said);
          default ->
              state.startsWith(UNREACHABLE)
                  ? "no PostgreSQL server answers there (%s). See that it runs and that %s.url names its host and port"
                      .formatted(said, SETTINGS)
                  : "the database cannot be used (%s)".formatted(said);
        };
    return new UserError("%s: %s".formatted(settings.url(), text), e);
  }
}
