package io.akkord.actors.disk;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Replaces files so that after a power loss each is there whole, the old one or the new one: write
 * beside it, force, rename, force the folder.
 */
public final class Durable {
  private final Forcing forcing;

  /** Forces a file's content, or a folder's entries, to disk. */
  @FunctionalInterface
  public interface Forcing {
    /** Returns when it is there. */
    void force(Path path) throws IOException;
  }

  /** Writes a file. */
  @FunctionalInterface
  public interface Writer {
    /** Writes; need not force. */
    void writeTo(Path file) throws IOException;
  }

  /** Forces in another way than the operating system does. */
  public Durable(Forcing forcing) {
    this.forcing = forcing;
  }

  /** Forces with fsync. */
  public static Durable real() {
    return new Durable(Durable::force);
  }

  /** Forces a file's content, or a folder's entries, to disk with fsync. */
  public static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Replaces a file, or creates it. */
  public void replace(Path file, Writer writer) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    writer.writeTo(part);
    forcing.force(part);
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    forcing.force(file.toAbsolutePath().getParent());
  }
}
