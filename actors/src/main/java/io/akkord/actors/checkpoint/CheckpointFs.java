package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.CheckpointContent.PathWriter;
import io.akkord.actors.disk.Durable;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Every change a checkpoint makes to a disk, one method each: a test stops the machine after any of
 * them.
 */
interface CheckpointFs {

  /** Comes before every checkpoint, and changes nothing. */
  default void begin() throws IOException {}

  /** Creates a folder; its parents exist. */
  void createFolder(Path folder) throws IOException;

  /** Writes a file, or files into a folder. */
  void write(Path path, PathWriter writer) throws IOException;

  /** Forces a file's content, or a folder's entries, to disk. */
  void force(Path path) throws IOException;

  /** Renames within one folder; the target does not exist. */
  void rename(Path from, Path to) throws IOException;

  /** Deletes a file or an empty folder. */
  void delete(Path path) throws IOException;

  /** The real disk. */
  static CheckpointFs real() {
    return Real.INSTANCE;
  }

  /** The entries of a folder in the order of their names. */
  static List<Path> entries(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }

  /** Deletes a folder and what is in it. */
  default void deleteAll(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      for (Path entry : entries(path)) {
        deleteAll(entry);
      }
    }
    delete(path);
  }

  /** The disk as the operating system gives it. */
  enum Real implements CheckpointFs {
    INSTANCE;

    @Override
    public void createFolder(Path folder) throws IOException {
      Files.createDirectory(folder);
    }

    @Override
    public void write(Path path, PathWriter writer) throws IOException {
      writer.writeTo(path);
    }

    @Override
    public void force(Path path) throws IOException {
      Durable.force(path);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      try {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        throw new IOException(to + ": this file system cannot rename a folder in one step", e);
      }
    }

    @Override
    public void delete(Path path) throws IOException {
      Files.delete(path);
    }
  }
}
