package io.akkord.actors.dashboard;

import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** What a run's disk has left, and what it is needed for. */
public final class RunDisk {
  private RunDisk() {}

  /** The disk under a folder and the size of the newest checkpoint there. */
  public static Attention.Disk of(Path folder) {
    try {
      FileStore store = Files.getFileStore(folder);
      return new Attention.Disk(
          store.getUsableSpace(), store.getTotalSpace(), checkpointBytes(folder).orElse(0));
    } catch (IOException e) {
      return Attention.Disk.UNKNOWN;
    }
  }

  /** Size of the newest checkpoint in a run's folder; empty if there is none. */
  public static OptionalLong checkpointBytes(Path folder) {
    List<Checkpoint> newestFirst = Checkpoints.list(folder);
    if (newestFirst.isEmpty()) {
      return OptionalLong.empty();
    }
    try (Stream<Path> files = Files.list(newestFirst.get(0).folder())) {
      return OptionalLong.of(files.mapToLong(file -> file.toFile().length()).sum());
    } catch (IOException e) {
      // Rotation may have removed it since.
      return OptionalLong.empty();
    }
  }
}
