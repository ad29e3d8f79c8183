package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.CheckpointContent.PathWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A disk whose machine stops after a given operation. With power loss everything that was not
 * forced by then is harmed: files keep half of their bytes, renames are undone.
 */
class StoppingFs implements CheckpointFs {

  /** The machine stopped. */
  static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private record Rename(Path from, Path to) {}

  private final CheckpointFs real = CheckpointFs.real();
  private final int lastOperation;
  private final boolean powerLoss;
  private final Set<Path> unforced = new LinkedHashSet<>();
  private final Deque<Rename> renames = new ArrayDeque<>();
  private int operations;

  StoppingFs(int lastOperation, boolean powerLoss) {
    this.lastOperation = lastOperation;
    this.powerLoss = powerLoss;
  }

  int operations() {
    return operations;
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    real.createFolder(folder);
    operationDone();
  }

  @Override
  public void write(Path path, PathWriter writer) throws IOException {
    real.write(path, writer);
    if (Files.isDirectory(path)) {
      unforced.addAll(CheckpointFs.entries(path));
    } else {
      unforced.add(path);
    }
    operationDone();
  }

  @Override
  public void force(Path path) throws IOException {
    real.force(path);
    unforced.remove(path);
    renames.removeIf(rename -> rename.to().getParent().equals(path));
    operationDone();
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    real.rename(from, to);
    renames.push(new Rename(from, to));
    List<Path> moved = unforced.stream().filter(path -> path.startsWith(from)).toList();
    moved.forEach(unforced::remove);
    moved.forEach(path -> unforced.add(to.resolve(from.relativize(path))));
    operationDone();
  }

  @Override
  public void delete(Path path) throws IOException {
    real.delete(path);
    unforced.remove(path);
    operationDone();
  }

  private void operationDone() throws IOException {
    if (++operations == lastOperation) {
      if (powerLoss) {
        losePower();
      }
      throw new Stopped();
    }
  }

  private void losePower() throws IOException {
    for (Path file : unforced) {
      if (Files.isRegularFile(file)) {
        try (RandomAccessFile torn = new RandomAccessFile(file.toFile(), "rw")) {
          torn.setLength(torn.length() / 2);
        }
      }
    }
    while (!renames.isEmpty()) {
      Rename rename = renames.pop();
      if (Files.exists(rename.to())) {
        real.rename(rename.to(), rename.from());
      }
    }
  }
}
