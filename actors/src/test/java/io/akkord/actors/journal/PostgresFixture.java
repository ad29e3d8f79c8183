package io.akkord.actors.journal;

import io.akkord.config.Persistence;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A PostgreSQL server of the tests' own on a free port of loopback, which can be away for a while.
 * It refuses to be root; as root its processes are those of nobody in a user namespace.
 */
public final class PostgresFixture implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final Path data;
  private final int port;
  private EmbeddedPostgres server;

  /** Starts a server with an empty data folder. */
  public PostgresFixture() throws IOException {
    data = Files.createTempDirectory("akkord-postgres");
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    start();
  }

  /** Starts it on the data it had. */
  public void start() throws IOException {
    server =
        EmbeddedPostgres.builder()
            .setDataDirectory(data)
            .setCleanDataDirectory(false)
            .setPort(port)
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("fsync", "on")
            .setPGStartupWait(START)
            .start();
  }

  /** Ends it; its data stay. */
  public void stop() throws IOException {
    server.close();
  }

  /** Settings of a new, empty database. */
  public Persistence database() throws SQLException {
    String name = "test_" + NAMES.incrementAndGet();
    execute("postgres", "CREATE DATABASE " + name);
    return settings(name, "postgres", "");
  }

  /** Settings of a database as a user. */
  public Persistence settings(String database, String user, String password) {
    return new Persistence(
        url(database),
        user,
        new Persistence.Password(password),
        4,
        Duration.ofSeconds(10),
        Duration.ofSeconds(15),
        Duration.ofSeconds(2));
  }

  /** Address of a database. */
  public String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database);
  }

  /** Carries out statements as the server's owner. */
  public void execute(String database, String... statements) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** The number that a query gives. */
  public long number(String database, String query) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  private Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(url(database), "postgres", "");
  }

  /** Name of the database behind settings of {@link #database}. */
  public static String name(Persistence settings) {
    return settings.url().substring(settings.url().lastIndexOf('/') + 1);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
