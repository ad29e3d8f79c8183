package io.akkord.actors.journal;

import com.typesafe.config.ConfigFactory;
import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Reads events as bytes, straight from the tables: no actor system, no cluster. */
public final class JournalReader implements EventSource {
  /** Rows that are fetched at once, where the database knows how. */
  private static final int PORTION = 500;

  private final Connection connection;
  private final Function<SQLException, UserError> unusable;

  JournalReader(Connection connection, Function<SQLException, UserError> unusable) {
    this.connection = connection;
    this.unusable = unusable;
  }

  /**
   * Opens the journal of a run where its folder says it is.
   *
   * @throws UserError when there is none, or it is in the folder and another process has it open
   */
  public static JournalReader open(Path runFolder) {
    return JournalPlace.of(runFolder)
        .map(place -> place.in(Persistence.read(ConfigFactory.load())))
        .map(settings -> PostgresDatabase.read(new PostgresServer(settings)))
        .orElseGet(() -> H2Database.read(runFolder));
  }

  @Override
  public List<String> persistenceIds(String prefix) {
    String sql =
        "SELECT \"persistence_id\" FROM \"event_journal\""
            + " WHERE \"sequence_number\" = 1 AND LEFT(\"persistence_id\", ?) = ?"
            + " ORDER BY \"ordering\"";
    List<String> ids = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setInt(1, prefix.length());
      query.setString(2, prefix);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          ids.add(rows.getString(1));
        }
      }
      return ids;
    } catch (SQLException e) {
      throw unusable.apply(e);
    }
  }

  @Override
  public byte[] first(String persistenceId) {
    List<byte[]> events = new ArrayList<>();
    query(persistenceId, 0, " AND \"sequence_number\" = 1", (number, event) -> events.add(event));
    return events.get(0);
  }

  @Override
  public void events(String persistenceId, long after, EventConsumer consumer) {
    query(persistenceId, after, "", consumer);
  }

  private void query(String persistenceId, long after, String condition, EventConsumer consumer) {
    String sql =
        "SELECT \"sequence_number\", \"event_payload\" FROM \"event_journal\""
            + " WHERE \"persistence_id\" = ? AND \"sequence_number\" > ? AND NOT \"deleted\""
            + condition
            + " ORDER BY \"sequence_number\"";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, persistenceId);
      query.setLong(2, after);
      query.setFetchSize(PORTION);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          consumer.accept(rows.getLong(1), rows.getBytes(2));
        }
      }
    } catch (SQLException e) {
      throw unusable.apply(e);
    }
  }

  /** The sequence number of the oldest snapshot of one id; 0 when there is none. */
  public long oldestSnapshot(String persistenceId) {
    String sql =
        "SELECT COALESCE(MIN(\"sequence_number\"), 0) FROM \"snapshot\" WHERE \"persistence_id\" = ?";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, persistenceId);
      try (ResultSet rows = query.executeQuery()) {
        rows.next();
        return rows.getLong(1);
      }
    } catch (SQLException e) {
      throw unusable.apply(e);
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw unusable.apply(e);
    }
  }
}
