package io.akkord.actors.journal;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.disk.Durable;
import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;

/**
 * A journal, opened: this process is its only writer, its tables exist, and it can be forced to
 * disk. It is opened before the actor system starts and closed after it has ended.
 */
public final class Journal implements AutoCloseable {
  /** Rows that one transaction deletes. */
  private static final int PORTION = 200;

  private final Database database;

  Journal(Database database) {
    this.database = database;
  }

  /** Opens the journal of a run folder where this process's settings have it. */
  public static Journal open(Path runFolder) {
    return open(runFolder, Persistence.read(ConfigFactory.load()));
  }

  /**
   * Opens the journal of a run folder and creates it if there is none. A run stays where it began.
   *
   * @throws UserError when another process has it open, it is damaged or cannot be written, or the
   *     settings name another place than the one where the run began
   */
  public static Journal open(Path runFolder, Persistence settings) {
    Optional<JournalPlace> begun = JournalPlace.of(runFolder);
    if (begun.isPresent()) {
      requireSame(runFolder, begun.get(), settings);
      return new Journal(
          PostgresDatabase.open(begun.get().in(settings), Optional.of(begun.get().lock())));
    }
    if (!settings.shared()) {
      return new Journal(H2Database.open(runFolder));
    }
    if (Files.exists(JournalConfig.folder(runFolder).resolve("akkord.mv.db"))) {
      throw new UserError(
          "%s: this run keeps its journal in H2 in this folder, and akkord.persistence.url is %s. Unset it for this run, or choose another output_dir."
              .formatted(JournalConfig.folder(runFolder), settings.url()));
    }
    JournalPlace place =
        new JournalPlace(settings.url(), settings.user(), UUID.randomUUID().toString());
    Database database = PostgresDatabase.open(settings, Optional.of(place.lock()));
    place.write(runFolder, Durable.real());
    return new Journal(database);
  }

  private static void requireSame(Path runFolder, JournalPlace begun, Persistence settings) {
    if (settings.shared() && !settings.url().equals(begun.url())) {
      throw new UserError(
          "%s: this run keeps its journal in %s, and akkord.persistence.url is %s. Set it to the first, or leave it empty, to go on with this run."
              .formatted(JournalConfig.folder(runFolder), begun.url(), settings.url()));
    }
  }

  /**
   * Opens a journal that belongs to a cluster and not to a run: in the shared database if there is
   * one, else in a folder. In a database nobody locks it: the cluster decides who writes.
   */
  public static Journal ofCluster(Path folder, Persistence settings) {
    return new Journal(
        settings.shared()
            ? PostgresDatabase.open(settings, Optional.empty())
            : H2Database.open(folder));
  }

  /** What the actor system must be told to write here. */
  public Config config() {
    return database.config();
  }

  /** Reads this journal while it is open for writing, as a resume does. */
  public JournalReader reader() {
    return database.reader();
  }

  /**
   * Removes events that are elsewhere by now, in portions, so that those who write beside it never
   * wait for long.
   *
   * @param from first sequence number
   * @param to last sequence number
   */
  public void delete(String persistenceId, long from, long to) throws SQLException {
    String sql =
        "DELETE FROM \"event_journal\" WHERE \"persistence_id\" = ?"
            + " AND \"sequence_number\" BETWEEN ? AND ?";
    try (Connection connection = database.connection();
        PreparedStatement delete = connection.prepareStatement(sql)) {
      delete.setString(1, persistenceId);
      long first = Math.max(from, oldest(connection, persistenceId, from));
      for (long next = first; next <= to; next += PORTION) {
        delete.setLong(2, next);
        delete.setLong(3, Math.min(to, next + PORTION - 1));
        delete.executeUpdate();
      }
    }
  }

  private static long oldest(Connection connection, String persistenceId, long from)
      throws SQLException {
    String sql =
        "SELECT COALESCE(MIN(\"sequence_number\"), 0) FROM \"event_journal\""
            + " WHERE \"persistence_id\" = ? AND \"sequence_number\" >= ?";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, persistenceId);
      query.setLong(2, from);
      try (ResultSet rows = query.executeQuery()) {
        rows.next();
        return rows.getLong(1) == 0 ? Long.MAX_VALUE : rows.getLong(1);
      }
    }
  }

  /**
   * The force for this journal: after it, what was written survives a power loss and was written by
   * its only writer.
   *
   * @param blockingIo where it waits for the disk
   */
  public DiskSync diskSync(Executor blockingIo) {
    return new GroupedSync(database::force, blockingIo);
  }

  /**
   * Returns if this process still is the only writer of the run.
   *
   * @throws UserError if another has taken the run over, or the database cannot tell
   */
  public void requireOnlyWriter() {
    try {
      database.force();
    } catch (SQLException e) {
      throw new UserError("no attempt is begun here: " + e.getMessage(), e);
    }
  }

  /** Whether another process is known to have taken the run over. */
  public boolean isTakenOver() {
    try {
      database.force();
      return false;
    } catch (RunLock.TakenOver e) {
      return true;
    } catch (SQLException e) {
      // What is written meanwhile counts when the database is back and its lock still this one's.
      return false;
    }
  }

  @Override
  public void close() {
    database.close();
  }
}
