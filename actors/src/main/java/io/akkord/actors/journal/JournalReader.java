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
import java.util.function.Consumer;
import java.util.function.Function;

/** Reads events as bytes, straight from the tables: no actor system, no cluster. */
public final class JournalReader implements AutoCloseable {
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

  /** The persistence ids that begin with {@code prefix}, oldest first. */
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

  /** Hands over the first event of one id. */
  public byte[] first(String persistenceId) {
    List<byte[]> events = new ArrayList<>();
    query(persistenceId, " AND \"sequence_number\" = 1", events::add);
    return events.get(0);
  }

  /** Hands over the events of one id in order. */
  public void events(String persistenceId, Consumer<byte[]> consumer) {
    query(persistenceId, "", consumer);
  }

  private void query(String persistenceId, String condition, Consumer<byte[]> consumer) {
    String sql =
        "SELECT \"event_payload\" FROM \"event_journal\" WHERE \"persistence_id\" = ?"
            + " AND NOT \"deleted\""
            + condition
            + " ORDER BY \"sequence_number\"";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, persistenceId);
      query.setFetchSize(PORTION);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          consumer.accept(rows.getBytes(1));
        }
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
