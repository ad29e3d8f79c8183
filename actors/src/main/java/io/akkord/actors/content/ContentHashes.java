package io.akkord.actors.content;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;

/**
 * SHA-256 of files, remembered within the process while size, time and identity of the file stay.
 */
public final class ContentHashes {
  /** A file changed again within the resolution of its time would look the same. */
  private static final long SETTLED_SECONDS = 2;

  private static final int BUFFER = 1 << 20;

  /** Several hosts of one process look at the same files. */
  static final ContentHashes OF_PROCESS = new ContentHashes();

  private record Seen(Path path, long size, FileTime modified, String file) {}

  private final Map<Seen, String> known = new ConcurrentHashMap<>();
  private final Map<Path, Object> reading = new ConcurrentHashMap<>();

  /**
   * The hash of a file, in hex; takes seconds for a large one. Who asks for a file that another
   * thread is reading waits for that.
   *
   * @param progress hears how many bytes more were read
   */
  public String of(Path file, LongConsumer progress) throws IOException {
    Path path = file.toRealPath();
    synchronized (reading.computeIfAbsent(path, p -> new Object())) {
      return ofReal(path, progress);
    }
  }

  private String ofReal(Path path, LongConsumer progress) throws IOException {
    Seen before = seen(path);
    String hash = known.get(before);
    if (hash != null) {
      progress.accept(before.size());
      return hash;
    }
    hash = read(path, progress);
    Instant settled = Instant.now().minusSeconds(SETTLED_SECONDS);
    if (seen(path).equals(before) && before.modified().toInstant().isBefore(settled)) {
      known.keySet().removeIf(old -> old.path().equals(path));
      known.put(before, hash);
    }
    return hash;
  }

  private static Seen seen(Path path) throws IOException {
    var attributes = Files.readAttributes(path, BasicFileAttributes.class);
    return new Seen(
        path,
        attributes.size(),
        attributes.lastModifiedTime(),
        Objects.toString(attributes.fileKey()));
  }

  private static String read(Path path, LongConsumer progress) throws IOException {
    MessageDigest sha = sha256();
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(path)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        sha.update(buffer, 0, read);
        progress.accept(read);
      }
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
