package io.akkord.actors.content;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The block {@code akkord.content}; {@code akkord-content.conf} has the defaults and says what each
 * means.
 *
 * @param cacheDir where fetched files are kept
 * @param cacheLimit bytes of it that contents nobody uses may not exceed
 * @param ignoreLocal whether paths of the head are not looked at
 * @param chunkBytes asked for at once
 * @param chunksSent by a server at the same time
 * @param chunksAsked by a fetcher at the same time
 * @param chunkDeadline of the first attempt
 * @param attempts for one chunk
 */
public record ContentSettings(
    Path cacheDir,
    long cacheLimit,
    boolean ignoreLocal,
    int chunkBytes,
    int chunksSent,
    int chunksAsked,
    Duration chunkDeadline,
    int attempts) {
  static final int MIN_CHUNK = 4 << 10;
  static final int MAX_CHUNK = 64 << 20;
  private static final long MAX_CACHE = 1L << 50;
  private static final Duration LONGEST_DEADLINE = Duration.ofMinutes(1);

  /** How long an attempt waits; attempts count from 1. */
  Duration deadline(int attempt) {
    Duration grown = chunkDeadline.multipliedBy(1L << Math.min(attempt - 1, 16));
    Duration longest =
        LONGEST_DEADLINE.compareTo(chunkDeadline) > 0 ? LONGEST_DEADLINE : chunkDeadline;
    return grown.compareTo(longest) < 0 ? grown : longest;
  }

  /** All attempts together. */
  Duration patience() {
    Duration sum = Duration.ZERO;
    for (int attempt = 1; attempt <= attempts; attempt++) {
      sum = sum.plus(deadline(attempt));
    }
    return sum;
  }

  /**
   * Reads the block; what {@code config} leaves out is the default.
   *
   * @throws UserError naming every bad key, what was found and what is allowed
   */
  public static ContentSettings read(Config config) {
    Config all = config.withFallback(ConfigFactory.parseResources("akkord-content.conf")).resolve();
    Reader reader = new Reader(all.getConfig("akkord.content"));
    ContentSettings settings =
        new ContentSettings(
            reader.path("cache-dir"),
            reader.bytes("cache-limit", 0, MAX_CACHE, "0 to 1PiB"),
            reader.flag("ignore-local"),
            (int) reader.bytes("chunk", MIN_CHUNK, MAX_CHUNK, "4KiB to 64MiB"),
            reader.count("chunks-sent", 256),
            reader.count("chunks-asked", 256),
            reader.duration("chunk-deadline"),
            reader.count("attempts", 100));
    if (!reader.problems.isEmpty()) {
      throw new UserError("settings:\n  " + String.join("\n  ", reader.problems));
    }
    return settings;
  }

  private static final class Reader {
    final List<String> problems = new ArrayList<>();
    private final Config block;

    Reader(Config block) {
      this.block = block;
    }

    Path path(String key) {
      String text = block.getValue(key).unwrapped().toString();
      if (text.isBlank()) {
        problem(key, "a folder");
      }
      boolean home = text.equals("~") || text.startsWith("~/");
      return Path.of(home ? System.getProperty("user.home") + text.substring(1) : text)
          .toAbsolutePath()
          .normalize();
    }

    long bytes(String key, long min, long max, String allowed) {
      try {
        long bytes = block.getBytes(key);
        if (bytes >= min && bytes <= max) {
          return bytes;
        }
      } catch (ConfigException e) {
        // told below, with the same words as a value out of range
      }
      problem(key, allowed);
      return min;
    }

    boolean flag(String key) {
      try {
        return block.getBoolean(key);
      } catch (ConfigException e) {
        problem(key, "on or off");
        return false;
      }
    }

    int count(String key, int max) {
      try {
        int count = block.getInt(key);
        if (count >= 1 && count <= max) {
          return count;
        }
      } catch (ConfigException e) {
        // told below, with the same words as a value out of range
      }
      problem(key, "a whole number from 1 to " + max);
      return 1;
    }

    Duration duration(String key) {
      try {
        Duration duration = block.getDuration(key);
        if (duration.toMillis() >= 10 && duration.toDays() < 1) {
          return duration;
        }
      } catch (ConfigException e) {
        // told below, with the same words as a value out of range
      }
      problem(key, "a duration from 10ms to 1d, for example 20s");
      return Duration.ofSeconds(1);
    }

    private void problem(String key, String allowed) {
      var found = block.getValue(key);
      problems.add(
          "%s akkord.content.%s: found %s, allowed: %s"
              .formatted(found.origin().description(), key, found.unwrapped(), allowed));
    }
  }
}
