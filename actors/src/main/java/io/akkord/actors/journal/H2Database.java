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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An H2 database in a run's folder; the file itself is locked for this process. */
final class H2Database implements Database {
  private static final Logger LOG = LoggerFactory.getLogger(H2Database.class);

  private final Path runFolder;
  private final String files;
  private Connection connection;

  private H2Database(Path runFolder, String files, Connection connection) {
    this.runFolder = runFolder;
    this.files = files;
    this.connection = connection;
  }

  static H2Database open(Path runFolder) {
    return open(runFolder, JournalConfig.FILES);
  }

  /**
   * Opens it.
   *
   * @param files H2's name of the file system that the folder is reached through
   */
  static H2Database open(Path runFolder, String files) {
    Path folder = JournalConfig.folder(runFolder);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UserError(
          folder + ": cannot be created (" + e + "). Choose another output_dir.", e);
    }
    Connection connection = connect(folder, JournalConfig.url(runFolder, files));
    try (Statement statement = connection.createStatement()) {
      for (String sql : Schema.statements("schema-h2.sql")) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw unusable(folder, e);
    }
    return new H2Database(runFolder, files, connection);
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
    return JournalConfig.h2(runFolder, files);
  }

  @Override
  public JournalReader reader() {
    return reader(runFolder, JournalConfig.url(runFolder, files));
  }

  /** H2 writes with WRITE_DELAY=0 survive the process but never call fsync; this does. */
  @Override
  public synchronized void force() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CHECKPOINT SYNC");
    } catch (SQLException e) {
      reconnect(e);
      throw e;
    }
  }

  /**
   * A write that fails closes the whole database for everybody connected to it; a new connection
   * opens it again as it is on the disk. What was to be forced is not acknowledged: whoever waits
   * asks again, and that force tries again if this does not help.
   */
  private void reconnect(SQLException failure) {
    closeQuietly();
    try {
      connection = DriverManager.getConnection(JournalConfig.url(runFolder, files), "sa", "");
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public Connection connection() {
    return connect(JournalConfig.folder(runFolder), JournalConfig.url(runFolder, files));
  }

  @Override
  public synchronized void close() {
    closeQuietly();
  }

  /** What was acknowledged is on the disk already, so an end that fails costs nothing. */
  private void closeQuietly() {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.warn("{}: {}", JournalConfig.folder(runFolder), e.toString());
    }
  }
}
