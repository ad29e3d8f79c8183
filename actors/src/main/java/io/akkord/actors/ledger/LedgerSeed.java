package io.akkord.actors.ledger;

import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerImage;
import java.util.List;

/**
 * What a resumed attempt starts from.
 *
 * @param image the checkpoint's ledger.bin
 * @param finishedGroups groups that earlier attempts stored for cycles after that checkpoint. The
 *     same policy gives the same rewrites, so a cycle opened again does not hand them out again.
 */
public record LedgerSeed(LedgerImage image, List<FinishedGroup> finishedGroups) {

  /** A stored group and the moment its cycle was opened at. */
  public record FinishedGroup(long committedSteps, LedgerEvent.GroupStored group) {}

  /** Copies the list. */
  public LedgerSeed {
    finishedGroups = List.copyOf(finishedGroups);
  }
}
