package io.akkord.actors.journal;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.util.Map;

/** What an actor system must be told to keep its journal in a run folder. */
public final class JournalConfig {
  private JournalConfig() {}

  /** The journal as an H2 database under {@code runFolder/journal}; to be put over the rest. */
  public static Config h2(Path runFolder) {
    return ConfigFactory.parseMap(
            Map.of("akka-persistence-jdbc.shared-databases.slick.db.url", url(runFolder)))
        .withFallback(ConfigFactory.parseResources("akkord-journal.conf"));
  }

  /**
   * The database's address. WRITE_DELAY=0 because the default lost acknowledged events on kill -9;
   * DB_CLOSE_ON_EXIT=FALSE because the database must outlive the actors at an orderly end.
   */
  static String url(Path runFolder) {
    return address(runFolder) + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE";
  }

  /** The same database, opened to be read only and never to be created. */
  static String readOnlyUrl(Path runFolder) {
    return address(runFolder) + ";ACCESS_MODE_DATA=r;IFEXISTS=TRUE";
  }

  static Path folder(Path runFolder) {
    return runFolder.toAbsolutePath().normalize().resolve("journal");
  }

  private static String address(Path runFolder) {
    Path file = folder(runFolder).resolve("akkord");
    if (file.toString().contains(";")) {
      throw new UserError(
          file + ": the journal's path must not contain a semicolon. Choose another output_dir.");
    }
    return "jdbc:h2:file:" + file;
  }
}
