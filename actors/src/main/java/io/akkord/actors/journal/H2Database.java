package io.akkord.actors.journal;

import com.typesafe.config.Config;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.h2.api.ErrorCode;

/** An H2 database in a run's folder; the file itself is locked for this process. */
final class H2Database implements Database {
  private final Path runFolder;
  private final Connection connection;

  private H2Database(Path runFolder, Connection connection) {
    this.runFolder = runFolder;
    this.connection = connection;
  }

  static H2Database open(Path runFolder) {
    Path folder = JournalConfig.folder(runFolder);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UserError(
          folder + ": cannot be created (" + e + "). Choose another output_dir.", e);
    }
    Connection connection = connect(folder, JournalConfig.url(runFolder));
    try (Statement statement = connection.createStatement()) {
      for (String sql : Schema.statements("schema-h2.sql")) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw unusable(folder, e);
    }
    return new H2Database(runFolder, connection);
  }

  /** Reads the journal of a run that is not going on. */
  static JournalReader read(Path runFolder) {
    return reader(runFolder, JournalConfig.readOnlyUrl(runFolder));
  }

  private static JournalReader reader(Path runFolder, String url) {
    Path folder = JournalConfig.folder(runFolder);
    return new JournalReader(connect(folder, url), e -> unusable(folder, e));
  }

  static Connection connect(Path folder, String url) {
    try {
      return DriverManager.getConnection(url, "sa", "");
    } catch (SQLException e) {
      throw unusable(folder, e);
    }
  }

  private static UserError unusable(Path folder, SQLException e) {
    return switch (e.getErrorCode()) {
      case ErrorCode.DATABASE_ALREADY_OPEN_1 ->
          new UserError(
              folder
                  + ": another process has this run's journal open. Wait until that run has ended,"
                  + " stop it, or choose another output_dir.",
              e);
      case ErrorCode.DATABASE_NOT_FOUND_WITH_IF_EXISTS_1 ->
          new UserError(folder + ": there is no journal. Name the output_dir of a run.", e);
      default ->
          new UserError(
              folder
                  + ": the journal cannot be used ("
                  + e.getMessage().lines().findFirst().orElse("")
                  + "). See that the folder can be written and the disk is not full; if the file is"
                  + " damaged, move the folder away and resume from the last checkpoint.",
              e);
    };
  }

  @Override
  public Config config() {
    return JournalConfig.h2(runFolder);
  }

  @Override
  public JournalReader reader() {
    return reader(runFolder, JournalConfig.url(runFolder));
  }

  /** H2 writes with WRITE_DELAY=0 survive the process but never call fsync; this does. */
  @Override
  public void force() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CHECKPOINT SYNC");
    }
  }

  @Override
  public Connection connection() {
    return connect(JournalConfig.folder(runFolder), JournalConfig.url(runFolder));
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw unusable(JournalConfig.folder(runFolder), e);
    }
  }
}
