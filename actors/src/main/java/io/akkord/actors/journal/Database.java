package io.akkord.actors.journal;

import com.typesafe.config.Config;
import java.sql.Connection;
import java.sql.SQLException;

/** Where a journal is: opened, its tables there, this process its only writer. */
interface Database extends AutoCloseable {
  /** What an actor system must be told to write here. */
  Config config();

  /** Reads it while it is open for writing. */
  JournalReader reader();

  /**
   * Returns when what was written before is on the disk, and this process still was its only
   * writer.
   */
  void force() throws SQLException;

  /** A connection of its own, for work beside the actors'. */
  Connection connection() throws SQLException;

  @Override
  void close();
}
