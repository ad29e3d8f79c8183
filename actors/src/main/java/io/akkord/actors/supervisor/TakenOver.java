package io.akkord.actors.supervisor;

import io.akkord.actors.takeover.TakeOver.Keeper;
import io.akkord.model.objective.Moments;
import java.util.List;

/**
 * What an attempt goes on from instead of a checkpoint.
 *
 * @param keepers who has kept each slice
 * @param previous statistics of the step before; null if there are none
 * @param cycleClosed the rewrite cycle that is due at this step is over
 * @param saved there is a checkpoint of this step, so nothing that is due at it is left to do
 */
public record TakenOver(
    List<List<Keeper>> keepers, Moments previous, boolean cycleClosed, boolean saved) {
  /** Copies the lists. */
  public TakenOver {
    keepers = keepers.stream().map(List::copyOf).toList();
  }
}
