package io.akkord.actors.journal;

import com.typesafe.config.Config;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Executor;
import org.h2.api.ErrorCode;

/**
 * A run's journal, opened: the database is locked for this process, its tables exist, and it can be
 * forced to disk. It is opened before the actor system starts and closed after it has ended.
 */
public final class Journal implements AutoCloseable {
  private final Path runFolder;
  private final Connection connection;

  private Journal(Path runFolder, Connection connection) {
    this.runFolder = runFolder;
    this.connection = connection;
  }

  /**
   * Opens the journal of a run folder and creates it if there is none.
   *
   * @throws UserError when another process has it open, or it is damaged or cannot be written
   */
  public static Journal open(Path runFolder) {
    Path folder = JournalConfig.folder(runFolder);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UserError(
          folder + ": cannot be created (" + e + "). Choose another output_dir.", e);
    }
    Connection connection = connect(folder, JournalConfig.url(runFolder));
    try {
      createTables(connection);
    } catch (SQLException e) {
      throw unusable(folder, e);
    }
    return new Journal(runFolder, connection);
  }

  static Connection connect(Path folder, String url) {
    try {
      return DriverManager.getConnection(url, "sa", "");
    } catch (SQLException e) {
      throw unusable(folder, e);
    }
  }

  static UserError unusable(Path folder, SQLException e) {
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

  private static void createTables(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : schema().split(";\\s*\n")) {
        statement.execute(sql);
      }
    }
  }

  private static String schema() {
    try (InputStream in = Journal.class.getResourceAsStream("schema-h2.sql")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the actor system must be told to write here. */
  public Config config() {
    return JournalConfig.h2(runFolder);
  }

  /** Reads this journal while it is open for writing, as a resume does. */
  public JournalReader reader() {
    return JournalReader.connect(runFolder, JournalConfig.url(runFolder));
  }

  /**
   * The force for this journal: H2 writes with WRITE_DELAY=0 survive the process but never call
   * fsync, {@code CHECKPOINT SYNC} does.
   *
   * @param blockingIo where it waits for the disk
   */
  public DiskSync diskSync(Executor blockingIo) {
    return new GroupedSync(this::force, blockingIo);
  }

  private void force() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CHECKPOINT SYNC");
    }
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
