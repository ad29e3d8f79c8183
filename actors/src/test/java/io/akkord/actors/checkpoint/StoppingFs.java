package io.akkord.actors.checkpoint;

import java.io.IOException;
import java.nio.file.Path;

/** A disk whose machine stops after a given operation, with or without power loss. */
class StoppingFs extends LossyDisk {

  /** The machine stopped. */
  static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private final int lastOperation;
  private final boolean powerLoss;
  private int operations;

  StoppingFs(int lastOperation, boolean powerLoss) {
    this.lastOperation = lastOperation;
    this.powerLoss = powerLoss;
  }

  int operations() {
    return operations;
  }

  @Override
  protected void after(String operation, Path path) throws IOException {
    if (++operations == lastOperation) {
      if (powerLoss) {
        losePower();
      }
      throw new Stopped();
    }
  }
}
