package io.akkord.actors.params;

import io.akkord.actors.CborMessage;
import java.util.List;

/**
 * Where one worker's time went in one step, in seconds; together the whole step as it saw it.
 *
 * @param pull the new parameters, from the first block to the last copied
 * @param data building micro-batches
 * @param forward scoring
 * @param barrier waiting for the scores of all others
 * @param backward gradients
 * @param push until all holders of slices have let go of them
 * @param aggregate until the first block of the next parameters
 */
public record WorkerPhases(
    String worker,
    double pull,
    double data,
    double forward,
    double barrier,
    double backward,
    double push,
    double aggregate)
    implements CborMessage {
  /** The names in the order of a step. */
  public static final List<String> NAMES =
      List.of("pull", "data", "forward", "barrier", "backward", "push", "aggregate");

  /** The values in the order of {@link #NAMES}. */
  public List<Double> values() {
    return List.of(pull, data, forward, barrier, backward, push, aggregate);
  }

  /** From the values in the order of {@link #NAMES}. */
  public static WorkerPhases of(String worker, List<Double> v) {
    return new WorkerPhases(
        worker, v.get(0), v.get(1), v.get(2), v.get(3), v.get(4), v.get(5), v.get(6));
  }
}
