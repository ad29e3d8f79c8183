package io.akkord.actors.simulation;

import java.util.EnumSet;
import java.util.Set;

/** Decisions of the product that are planted wrong, to see that the simulation notices. */
enum Faults {
  /** Whoever belongs to an earlier attempt is taken for one of this attempt. */
  NO_ATTEMPT_CHECK,
  /** The barrier opens before the last slice is summed. */
  APPLY_BEFORE_THE_LAST_SLICE,
  /** A write is acknowledged before the disk was forced. */
  NO_FSYNC,
  /** All attempts share one ledger, so a repeated step is taken for stored. */
  COMMIT_BY_STEP_ALONE,
  /** The norm is a sum of slices and not of blocks. */
  NORM_BY_SLICES,
  /** The checkpoint's files are not forced before the folder is renamed. */
  CHECKPOINT_WITHOUT_FSYNC,
  /** A new supervisor goes on from the slices without telling the ledger what it lacks. */
  FORGET_THE_COMMIT_RECORDS,
  /** A host does not end the attempts before the one that asks what they have left. */
  NO_END_OF_OLDER_ATTEMPTS,
  /** A head acknowledges what it has written after another one has taken the run's lock. */
  NO_LOCK,
  /** A head publishes the checkpoint that it is writing when another one takes the run's lock. */
  CHECKPOINT_WITHOUT_LOCK,
  /** A slice is taken for sent while it is still on its way, so the next update writes into it. */
  PUBLISH_IN_PLACE;

  static Set<Faults> none() {
    return EnumSet.noneOf(Faults.class);
  }
}
