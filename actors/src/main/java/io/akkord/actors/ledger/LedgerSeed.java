package io.akkord.actors.ledger;

import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerImage;
import java.util.List;

/**
 * What a resumed attempt starts from.
 *
 * @param image the checkpoint's ledger.bin, or what earlier attempts' events come to
 * @param finishedGroups groups that earlier attempts stored for cycles after that checkpoint. The
 *     same policy gives the same rewrites, so a cycle opened again does not hand them out again.
 * @param lacking steps after the image that only the slices remember, in order
 * @param takenOverFrom the attempt whose weights this one goes on with; 0: a checkpoint's
 */
public record LedgerSeed(
    LedgerImage image,
    List<FinishedGroup> finishedGroups,
    List<LedgerEvent.StepCommitted> lacking,
    long takenOverFrom) {

  /** A stored group and the moment its cycle was opened at. */
  public record FinishedGroup(long committedSteps, LedgerEvent.GroupStored group) {}

  /** Copies the lists. */
  public LedgerSeed {
    finishedGroups = List.copyOf(finishedGroups);
    lacking = List.copyOf(lacking);
  }

  /** What a checkpoint has. */
  public LedgerSeed(LedgerImage image, List<FinishedGroup> finishedGroups) {
    this(image, finishedGroups, List.of(), 0);
  }
}
