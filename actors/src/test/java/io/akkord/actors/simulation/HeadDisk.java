package io.akkord.actors.simulation;

import io.akkord.actors.checkpoint.LossyDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** The head's files: an operation may be its last, and a full disk says so. */
final class HeadDisk extends LossyDisk {
  private final Simulation simulation;

  HeadDisk(Simulation simulation) {
    this.simulation = simulation;
  }

  @Override
  protected void before(String operation, Path path) throws IOException {
    SimProcess by = simulation.loop.current();
    if (by != null && !by.effect()) {
      throw new IOException("the process is dead");
    }
    simulation.loop.transcript.add(
        simulation.loop.now(),
        operation.hashCode(),
        () -> by + " " + operation + " " + path.getFileName());
    Broken.unless(
        !operation.equals("rename") || by == null || !simulation.disk.isTakenFrom(by),
        "%s renames %s, and another process has the run's lock",
        by,
        path.getFileName());
    if (simulation.disk.fails()) {
      throw new IOException("No space left on device");
    }
  }

  @Override
  public void force(Path path) throws IOException {
    if (!simulation.planted.contains(Faults.CHECKPOINT_WITHOUT_FSYNC)) {
      super.force(path);
    }
  }

  /** What was not forced is gone. */
  void fail() {
    try {
      losePower();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
