package io.akkord.actors.journal;

import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The tables of all journals in a PostgreSQL database. */
public final class PostgresSchema {
  private static final List<String> TABLES = List.of("event_journal", "event_tag", "snapshot");

  /** Whoever makes tables waits for others who do; an arbitrary number that is ours. */
  private static final long LOCK = 0x616b_6b6f_7264_0001L;

  private PostgresSchema() {}

  /**
   * Makes the tables that are missing. Several processes may do so at once.
   *
   * @return the tables that were made; empty: all were there
   * @throws UserError when the server cannot be reached or used, or the user may not make tables
   */
  public static List<String> create(Persistence settings) {
    PostgresServer server = new PostgresServer(settings);
    try (Connection connection = server.connect()) {
      return create(server, connection);
    } catch (SQLException e) {
      throw server.unusable(e);
    }
  }

  static List<String> create(PostgresServer server, Connection connection) {
    try {
      List<String> made = missing(connection);
      if (!made.isEmpty()) {
        made = make(server, connection);
      }
      requireOurs(server, connection);
      return made;
    } catch (SQLException e) {
      throw server.unusable(e);
    }
  }

  /** Whoever looks for the tables under the lock sees those that others have made meanwhile. */
  private static List<String> make(PostgresServer server, Connection connection)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      String patience = PostgresServer.seconds(server.settings().answerTimeout());
      statement.execute("SET lock_timeout = '%ss'".formatted(patience));
      statement.execute("SELECT pg_advisory_lock(" + LOCK + ")");
      try {
        List<String> made = missing(connection);
        if (!made.isEmpty()) {
          inOneTransaction(connection, statement);
        }
        return made;
      } finally {
        statement.execute("SELECT pg_advisory_unlock(" + LOCK + ")");
      }
    }
  }

  private static void inOneTransaction(Connection connection, Statement statement)
      throws SQLException {
    connection.setAutoCommit(false);
    try {
      for (String sql : Schema.statements("schema-postgresql.sql")) {
        statement.execute(sql);
      }
      connection.commit();
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  private static List<String> missing(Connection connection) throws SQLException {
    List<String> missing = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      for (String table : TABLES) {
        try (ResultSet row = statement.executeQuery("SELECT to_regclass('" + table + "')")) {
          row.next();
          if (row.getString(1) == null) {
            missing.add(table);
          }
        }
      }
    }
    return missing;
  }

  /** Tables of the same names that somebody else made are not written to. */
  private static void requireOurs(PostgresServer server, Connection connection)
      throws SQLException {
    String rights =
        "SELECT bool_and(has_table_privilege(t, 'SELECT') AND has_table_privilege(t, 'INSERT')"
            + " AND has_table_privilege(t, 'UPDATE') AND has_table_privilege(t, 'DELETE'))"
            + " FROM unnest(ARRAY['event_journal', 'event_tag', 'snapshot']) t";
    String columns =
        "SELECT ordering, deleted, persistence_id, sequence_number, writer, write_timestamp,"
            + " adapter_manifest, event_payload, event_ser_id, event_ser_manifest, meta_payload,"
            + " meta_ser_id, meta_ser_manifest FROM event_journal LIMIT 0";
    try (Statement statement = connection.createStatement()) {
      try (ResultSet row = statement.executeQuery(rights)) {
        row.next();
        if (!row.getBoolean(1)) {
          throw new SQLException("permission denied for the tables " + TABLES, "42501");
        }
      }
      statement.executeQuery(columns).close();
    } catch (SQLException e) {
      if ("42703".equals(e.getSQLState())) {
        throw new UserError(
            "%s: the table event_journal is not Akkord's (%s); give Akkord a database or a schema (?currentSchema=NAME) of its own"
                .formatted(server.settings().url(), e.getMessage().lines().findFirst().orElse("")),
            e);
      }
      throw e;
    }
  }
}
