package io.akkord.actors.journal;

import com.typesafe.config.Config;
import io.akkord.config.Persistence;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** Journals of many runs in one PostgreSQL database, which syncs every commit itself. */
final class PostgresDatabase implements Database {
  private final PostgresServer server;
  private final Optional<RunLock> lock;

  private PostgresDatabase(PostgresServer server, Optional<RunLock> lock) {
    this.server = server;
    this.lock = lock;
  }

  /**
   * Opens it and makes the tables if there are none.
   *
   * @param lock name of the run that this process alone is to write; empty: whoever writes is
   *     decided elsewhere
   */
  static PostgresDatabase open(Persistence settings, Optional<String> lock) {
    PostgresServer server = new PostgresServer(settings);
    try (Connection connection = server.connect()) {
      PostgresSchema.create(server, connection);
    } catch (SQLException e) {
      throw server.unusable(e);
    }
    return new PostgresDatabase(server, lock.map(name -> RunLock.take(server, name)));
  }

  /** Reads journals, whether their runs go on or not. */
  static JournalReader read(PostgresServer server) {
    Connection connection = server.connect();
    try {
      connection.setReadOnly(true);
      // Rows come in portions, and not all at once into memory.
      connection.setAutoCommit(false);
      return new JournalReader(connection, server::unusable);
    } catch (SQLException e) {
      throw server.unusable(e);
    }
  }

  @Override
  public Config config() {
    return JournalConfig.postgresql(server.settings());
  }

  @Override
  public JournalReader reader() {
    return read(server);
  }

  /** The commit was the sync; what is asked is whether the run is still this process's. */
  @Override
  public void force() throws SQLException {
    if (lock.isPresent()) {
      lock.get().verify();
    }
  }

  @Override
  public Connection connection() {
    return server.connect();
  }

  @Override
  public void close() {
    lock.ifPresent(RunLock::close);
  }
}
