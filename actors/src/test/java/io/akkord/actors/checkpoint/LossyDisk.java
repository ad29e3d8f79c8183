package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.CheckpointContent.PathWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A real folder that remembers what a power loss would harm: files that were not forced keep half
 * of their bytes, renames whose folder was not forced are undone.
 */
public class LossyDisk implements CheckpointFs {

  private record Rename(Path from, Path to) {}

  private final CheckpointFs real = CheckpointFs.real();
  private final Set<Path> unforced = new LinkedHashSet<>();
  private final Deque<Rename> renames = new ArrayDeque<>();

  /** A writer on this disk. */
  public CheckpointWriter writer(int saveTotalLimit, Clock clock) {
    return new CheckpointWriter(this, saveTotalLimit, clock);
  }

  /** Before an operation is carried out; what is thrown keeps it from it. */
  protected void before(String operation, Path path) throws IOException {}

  /** After an operation. */
  protected void after(String operation, Path path) throws IOException {}

  @Override
  public void createFolder(Path folder) throws IOException {
    before("create", folder);
    real.createFolder(folder);
    after("create", folder);
  }

  @Override
  public void write(Path path, PathWriter writer) throws IOException {
    before("write", path);
    real.write(path, writer);
    if (Files.isDirectory(path)) {
      unforced.addAll(CheckpointFs.entries(path));
    } else {
      unforced.add(path);
    }
    after("write", path);
  }

  @Override
  public void force(Path path) throws IOException {
    before("force", path);
    unforced.remove(path);
    renames.removeIf(rename -> rename.to().getParent().equals(path));
    after("force", path);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    before("rename", to);
    real.rename(from, to);
    renames.push(new Rename(from, to));
    List<Path> moved = unforced.stream().filter(path -> path.startsWith(from)).toList();
    moved.forEach(unforced::remove);
    moved.forEach(path -> unforced.add(to.resolve(from.relativize(path))));
    after("rename", to);
  }

  @Override
  public void delete(Path path) throws IOException {
    before("delete", path);
    real.delete(path);
    unforced.remove(path);
    after("delete", path);
  }

  /** Harms what was not forced. */
  public void losePower() throws IOException {
    for (Path file : unforced) {
      if (Files.isRegularFile(file)) {
        try (RandomAccessFile torn = new RandomAccessFile(file.toFile(), "rw")) {
          torn.setLength(torn.length() / 2);
        }
      }
    }
    unforced.clear();
    while (!renames.isEmpty()) {
      Rename rename = renames.pop();
      if (Files.exists(rename.to())) {
        real.rename(rename.to(), rename.from());
      }
    }
  }
}
