package io.akkord.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** Reads and checks {@link Persistence}; all problems at once, and no secret in any of them. */
final class PersistenceReader {
  private static final String POSTGRESQL = "jdbc:postgresql://";
  private static final Set<String> KEYS =
      new TreeSet<>(
          List.of(
              "url",
              "user",
              "password",
              "password-file",
              "connections",
              "connect-timeout",
              "answer-timeout",
              "hand-over-timeout"));
  private static final int MOST_CONNECTIONS = 64;
  private static final Duration SHORTEST = Duration.ofSeconds(1);

  /** Connecting and answering end before an actor gives its write up. */
  private static final Duration WRITE = Duration.ofSeconds(30);

  private static final Duration LONGEST = Duration.ofHours(1);

  private final Config block;
  private final List<String> problems = new ArrayList<>();

  PersistenceReader(Config block) {
    this.block = block;
  }

  Persistence read() {
    refuseUnknown();
    Persistence read =
        new Persistence(
            url(),
            text("user"),
            password(),
            count("connections"),
            duration("connect-timeout"),
            duration("answer-timeout"),
            duration("hand-over-timeout"));
    if (problems.isEmpty()
        && read.connectTimeout().plus(read.answerTimeout()).compareTo(WRITE) >= 0) {
      problem(
          "connect-timeout",
          "%d s, with answer-timeout %d s"
              .formatted(read.connectTimeout().toSeconds(), read.answerTimeout().toSeconds()),
          "together less than 30 s, after which an actor takes its write for lost");
    }
    if (!problems.isEmpty()) {
      throw new UserError("settings:\n  " + String.join("\n  ", problems));
    }
    return read;
  }

  private void refuseUnknown() {
    for (String key : new TreeSet<>(block.root().keySet())) {
      if (!KEYS.contains(key)) {
        String hint =
            Nearest.of(key, KEYS).map("did you mean `%s`?"::formatted).orElse("keys: " + KEYS);
        problems.add("akkord.persistence.%s: unknown key; %s".formatted(key, hint));
      }
    }
  }

  private void problem(String key, String found, String allowed) {
    problems.add("akkord.persistence.%s: found %s, allowed: %s".formatted(key, found, allowed));
  }

  private String text(String key) {
    return block.getValue(key).unwrapped().toString().strip();
  }

  /** A URL is shown and written down, so it must not hold a password. */
  private String url() {
    String url = text("url");
    String small = url.toLowerCase(Locale.ROOT);
    if (small.contains("password") || url.contains("@") || small.matches(".*[?&]user=.*")) {
      problem(
          "url",
          "one with user or password in it (not shown)",
          POSTGRESQL
              + "HOST:PORT/DATABASE; put the user into akkord.persistence.user and the password into AKKORD_PERSISTENCE_PASSWORD or a file");
    } else if (!url.isEmpty() && !url.matches(POSTGRESQL + "[^/?]+/[^/?]+(\\?.*)?")) {
      problem("url", url, "empty (H2 in the run's folder) or " + POSTGRESQL + "HOST:PORT/DATABASE");
    }
    return url;
  }

  private Persistence.Password password() {
    String given = block.getValue("password").unwrapped().toString();
    String file = text("password-file");
    return new Persistence.Password(
        given.isEmpty() && !file.isEmpty() ? firstLine(Path.of(file)) : given);
  }

  private String firstLine(Path file) {
    try {
      if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
        problem(
            "password-file",
            file + ", which every user of this machine can read",
            "a file that others cannot read (chmod 600)");
      }
      String password = Files.readString(file).lines().findFirst().orElse("");
      if (password.isEmpty()) {
        problem("password-file", file + ", whose first line is empty", "the password on it");
      }
      return password;
    } catch (IOException e) {
      problem(
          "password-file", "%s, which cannot be read (%s)".formatted(file, e), "a readable file");
      return "";
    }
  }

  private int count(String key) {
    try {
      int value = block.getInt(key);
      // One reads while another one writes.
      if (value >= 2 && value <= MOST_CONNECTIONS) {
        return value;
      }
    } catch (ConfigException e) {
      // told below, with the same words as a value out of range
    }
    problem(key, text(key), "a whole number from 2 to " + MOST_CONNECTIONS);
    return 2;
  }

  private Duration duration(String key) {
    try {
      Duration value = block.getDuration(key);
      if (value.compareTo(SHORTEST) >= 0 && value.compareTo(LONGEST) <= 0) {
        return value;
      }
    } catch (ConfigException e) {
      // told below, with the same words as a value out of range
    }
    problem(key, text(key), "a duration from 1s to 1h");
    return SHORTEST;
  }
}
