package io.akkord.config;

import java.util.OptionalInt;

/**
 * What is due after so many committed steps, in this order: cycle, evaluation, checkpoint.
 *
 * @param cycle the rewrite cycle that runs, from 1 on
 * @param end the run is over
 */
public record Boundary(OptionalInt cycle, boolean eval, boolean checkpoint, boolean end) {
  /** Whether the workers wait for what is due before they go on to the next step. */
  public boolean mustWait() {
    return cycle.isPresent() || eval || checkpoint || end;
  }
}
