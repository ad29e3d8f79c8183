package io.akkord.actors.journal;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** What an actor system must be told to keep its journal in a run folder. */
public final class JournalConfig {
  /** How H2 names the file system of the machine. */
  static final String FILES = "file:";

  private JournalConfig() {}

  /** The journal as an H2 database under {@code runFolder/journal}; to be put over the rest. */
  public static Config h2(Path runFolder) {
    return h2(runFolder, FILES);
  }

  static Config h2(Path runFolder, String files) {
    return ConfigFactory.parseMap(
            Map.of("akka-persistence-jdbc.shared-databases.slick.db.url", url(runFolder, files)))
        .withFallback(ConfigFactory.parseResources("akkord-journal.conf"));
  }

  /** The journal in a PostgreSQL database; to be put over the rest. */
  static Config postgresql(Persistence settings) {
    Map<String, Object> db = new HashMap<>();
    db.put("url", settings.url());
    if (!settings.user().isEmpty()) {
      db.put("user", settings.user());
    }
    db.put("password", settings.password().reveal());
    db.put("numThreads", settings.connections());
    db.put("maxConnections", settings.connections());
    db.put("connectionTimeout", settings.connectTimeout().toMillis());
    db.put("validationTimeout", Math.min(1000, settings.connectTimeout().toMillis()));
    db.put("properties.connectTimeout", PostgresServer.seconds(settings.connectTimeout()));
    db.put("properties.loginTimeout", PostgresServer.seconds(settings.connectTimeout()));
    db.put("properties.socketTimeout", PostgresServer.seconds(settings.answerTimeout()));
    return ConfigFactory.parseMap(db)
        .atPath("akka-persistence-jdbc.shared-databases.slick.db")
        .withFallback(ConfigFactory.parseResources("akkord-journal-postgresql.conf"))
        .withFallback(
            ConfigFactory.parseResources("akkord-journal.conf")
                .withoutPath("akka-persistence-jdbc.shared-databases.slick.db.user"));
  }

  /**
   * The database's address. WRITE_DELAY=0 because the default lost acknowledged events on kill -9;
   * DB_CLOSE_ON_EXIT=FALSE because the database must outlive the actors at an orderly end.
   */
  static String url(Path runFolder) {
    return url(runFolder, FILES);
  }

  static String url(Path runFolder, String files) {
    return address(runFolder, files) + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE";
  }

  /** The same database, opened to be read only and never to be created. */
  static String readOnlyUrl(Path runFolder) {
    return address(runFolder, FILES) + ";ACCESS_MODE_DATA=r;IFEXISTS=TRUE";
  }

  static Path folder(Path runFolder) {
    return runFolder.toAbsolutePath().normalize().resolve("journal");
  }

  private static String address(Path runFolder, String files) {
    Path file = folder(runFolder).resolve("akkord");
    if (file.toString().contains(";")) {
      throw new UserError(
          file + ": the journal's path must not contain a semicolon. Choose another output_dir.");
    }
    return "jdbc:h2:" + files + file;
  }
}
