package io.akkord.actors.journal;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads events as bytes, straight from the tables: no actor system, no cluster. */
public final class JournalReader implements AutoCloseable {
  private final Path folder;
  private final Connection connection;

  private JournalReader(Path folder, Connection connection) {
    this.folder = folder;
    this.connection = connection;
  }

  /**
   * Opens the journal of a run that is not going on.
   *
   * @throws io.akkord.model.UserError when there is none, or another process has it open
   */
  public static JournalReader open(Path runFolder) {
    return connect(runFolder, JournalConfig.readOnlyUrl(runFolder));
  }

  static JournalReader connect(Path runFolder, String url) {
    Path folder = JournalConfig.folder(runFolder);
    return new JournalReader(folder, Journal.connect(folder, url));
  }

  /** The persistence ids that begin with {@code prefix}, oldest first. */
  public List<String> persistenceIds(String prefix) {
    String sql =
        "SELECT \"persistence_id\" FROM \"event_journal\""
            + " WHERE LEFT(\"persistence_id\", ?) = ?"
            + " GROUP BY \"persistence_id\" ORDER BY MIN(\"ordering\")";
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
      throw Journal.unusable(folder, e);
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
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          consumer.accept(rows.getBytes(1));
        }
      }
    } catch (SQLException e) {
      throw Journal.unusable(folder, e);
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw Journal.unusable(folder, e);
    }
  }
}
