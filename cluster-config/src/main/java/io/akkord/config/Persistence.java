package io.akkord.config;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Where events are kept; the block {@code akkord.persistence} of {@code reference.conf} has the
 * defaults and says what each key means.
 *
 * @param url of a PostgreSQL database; empty: H2 in the run's folder
 * @param user who connects; may be empty
 * @param password may be empty
 * @param connections of a process at most
 * @param connectTimeout until a connection is made
 * @param answerTimeout until a statement is answered
 * @param handOverTimeout until another process has let go of a run
 */
public record Persistence(
    String url,
    String user,
    Password password,
    int connections,
    Duration connectTimeout,
    Duration answerTimeout,
    Duration handOverTimeout) {

  /** A secret that no text shows by accident. */
  public record Password(String reveal) {
    @Override
    public String toString() {
      return "Password(hidden)";
    }
  }

  /** Whether all journals are in one PostgreSQL database. */
  public boolean shared() {
    return !url.isEmpty();
  }

  /** The same settings for another database. */
  public Persistence at(String otherUrl, String otherUser) {
    return new Persistence(
        otherUrl, otherUser, password, connections, connectTimeout, answerTimeout, handOverTimeout);
  }

  /**
   * The settings in {@code config}, which includes the defaults ({@code ConfigFactory.load()}).
   *
   * @throws io.akkord.model.UserError naming every bad key, what was found and what is allowed
   */
  public static Persistence read(Config config) {
    return new PersistenceReader(config.getConfig("akkord.persistence")).read();
  }
}
