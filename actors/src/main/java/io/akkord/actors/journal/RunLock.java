package io.akkord.actors.journal;

import io.akkord.model.UserError;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A run in a shared database has one writer: the process that holds this lock. It belongs to a
 * session, so the server takes it back as soon as the process is gone, or its machine has been
 * silent for some seconds; after a restart of the server it is taken again before anything more is
 * acknowledged.
 */
final class RunLock implements AutoCloseable {
  /** Another process carries the run on. */
  static final class TakenOver extends SQLException {
    private static final long serialVersionUID = 1;

    TakenOver() {
      super("another process has taken this run's journal over");
    }
  }

  private static final Duration POLL = Duration.ofMillis(200);

  private final PostgresServer server;
  private final long key;
  private Connection session;
  private boolean takenOver;

  private RunLock(PostgresServer server, long key) {
    this.server = server;
    this.key = key;
  }

  /**
   * Takes the lock of a run, waiting for a process that is about to end.
   *
   * @throws UserError with the cause {@link RunInUse} when another process keeps it
   */
  static RunLock take(PostgresServer server, String name) {
    RunLock lock = new RunLock(server, key(name));
    Duration patience = server.settings().handOverTimeout();
    long deadline = System.nanoTime() + patience.toNanos();
    try {
      while (!lock.tryTake()) {
        if (System.nanoTime() > deadline) {
          lock.close();
          throw new UserError(
              "%s: another process has had this run's journal open for %d s. Wait until that run has ended, stop it, or choose another output_dir."
                  .formatted(server.settings().url(), patience.toSeconds()),
              new RunInUse());
        }
        TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
      }
      return lock;
    } catch (SQLException e) {
      lock.close();
      throw server.unusable(e);
    } catch (InterruptedException e) {
      lock.close();
      Thread.currentThread().interrupt();
      throw new UserError("interrupted", e);
    }
  }

  private static long key(String name) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(hash).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** False: another process has it, and whoever goes on without must close the session. */
  private boolean tryTake() throws SQLException {
    try {
      if (session == null) {
        session = server.tryConnect();
        try (Statement statement = session.createStatement()) {
          // A machine that vanished without a word holds a lock no longer than this.
          statement.execute(
              "SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3");
        }
      }
      try (Statement statement = session.createStatement();
          ResultSet row = statement.executeQuery("SELECT pg_try_advisory_lock(" + key + ")")) {
        row.next();
        return row.getBoolean(1);
      }
    } catch (SQLException e) {
      // It may live on without the lock.
      close();
      throw e;
    }
  }

  /**
   * Returns if this process still is the only writer; takes the lock again if its session broke.
   *
   * @throws TakenOver if another process has it, or had it when this one wanted it back
   * @throws SQLException if the database cannot tell
   */
  synchronized void verify() throws SQLException {
    if (takenOver) {
      throw new TakenOver();
    }
    if (session != null) {
      try (Statement statement = session.createStatement()) {
        statement.execute("SELECT 1");
        return;
      } catch (SQLException e) {
        close();
      }
    }
    if (!tryTake()) {
      close();
      takenOver = true;
      throw new TakenOver();
    }
  }

  @Override
  public synchronized void close() {
    Connection old = session;
    session = null;
    try {
      if (old != null) {
        old.close();
      }
    } catch (SQLException e) {
      // The server takes the lock back with the session.
    }
  }
}
