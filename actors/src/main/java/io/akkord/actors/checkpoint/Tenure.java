package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.CheckpointContent.PathWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * The time in which an attempt may write to its run's folder. What comes after the attempt's end is
 * refused, so that no checkpoint appears behind the back of the next attempt.
 */
final class Tenure {
  /** The attempt is over, or another process carries the run on. */
  static final class Over extends IOException {
    private static final long serialVersionUID = 1;

    Over(String message) {
      super(message);
    }
  }

  private final BooleanSupplier takenOver;
  private boolean over;

  /**
   * A tenure that begins.
   *
   * @param takenOver whether another process carries the run on; asked before a checkpoint is begun
   *     and before each rename, which is what others see
   */
  Tenure(BooleanSupplier takenOver) {
    this.takenOver = takenOver;
  }

  /** Nothing is renamed once this has returned, and nothing new is begun. */
  synchronized void end() {
    over = true;
  }

  private synchronized void require() throws Over {
    if (over) {
      throw new Over("its attempt is over");
    }
  }

  private void requireNotTakenOver() throws Over {
    if (takenOver.getAsBoolean()) {
      throw new Over("another process has taken the run over");
    }
  }

  /** The disk for so long. */
  CheckpointFs of(CheckpointFs fs) {
    return new Guarded(fs);
  }

  private final class Guarded implements CheckpointFs {
    private final CheckpointFs fs;

    Guarded(CheckpointFs fs) {
      this.fs = fs;
    }

    @Override
    public void begin() throws IOException {
      requireNotTakenOver();
      require();
      fs.begin();
    }

    @Override
    public void createFolder(Path folder) throws IOException {
      require();
      fs.createFolder(folder);
    }

    @Override
    public void write(Path path, PathWriter writer) throws IOException {
      require();
      fs.write(path, writer);
    }

    @Override
    public void force(Path path) throws IOException {
      require();
      fs.force(path);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      requireNotTakenOver();
      synchronized (Tenure.this) {
        require();
        fs.rename(from, to);
      }
    }

    @Override
    public void delete(Path path) throws IOException {
      require();
      fs.delete(path);
    }
  }
}
