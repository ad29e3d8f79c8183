package io.akkord.actors.bulk.netty;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file of a Unix domain socket in a directory that nobody else can enter. */
final class SocketFile {
  private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);

  /** Kernels take 108 bytes (Linux) or 104 (macOS) with a zero at the end. */
  private static final int MOST_BYTES = 100;

  private SocketFile() {}

  /** A path whose directory exists; null if there can be none, which is logged. */
  static Path create() {
    try {
      Path directory =
          Files.createTempDirectory(
              "akkord-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Path file = directory.resolve("bulk");
      if (file.toString().getBytes(UTF_8).length <= MOST_BYTES) {
        return file;
      }
      Files.delete(directory);
      LOG.warn("no Unix socket, its path would be too long: {}; TCP is used instead", file);
    } catch (IOException | UnsupportedOperationException e) {
      LOG.warn("no Unix socket, TCP is used instead: {}", e.toString());
    }
    return null;
  }

  /** Deletes the file and its directory. */
  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
      Files.deleteIfExists(file.getParent());
    } catch (IOException e) {
      LOG.warn("left behind: {}", file, e);
    }
  }
}
