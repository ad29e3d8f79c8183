package io.akkord.actors.worker;

import io.akkord.actors.ledger.Ledger.TableStamp;
import java.util.function.LongPredicate;

/**
 * Whether a worker may compute a step: every boundary before it is over, and the rewrites that are
 * in force since then are here. Parameters take the lane, so they may come before the word that a
 * boundary is over. Without actors or device.
 */
final class BoundaryGate {
  private final LongPredicate isBoundary;
  private GpuWorker.Proceed told;
  private TableStamp wanted;
  private TableStamp taking;
  private TableStamp inForce;
  private long proceeded = -1;
  private long noBoundaryUpTo = -1;

  /**
   * Shut.
   *
   * @param isBoundary whether workers wait after so many steps
   */
  BoundaryGate(LongPredicate isBoundary) {
    this.isBoundary = isBoundary;
  }

  /** Takes the word that a boundary is over; true if its rewrites must be asked for. */
  boolean proceed(GpuWorker.Proceed word) {
    if (told != null && word.committedSteps() < told.committedSteps()) {
      return false;
    }
    told = word;
    if (word.table().equals(inForce)) {
      proceeded = word.committedSteps();
    }
    return want(word.table());
  }

  /** Whether these rewrites are older than those of a boundary that is over. */
  boolean isPast(TableStamp table) {
    return told != null && table.version() < told.table().version();
  }

  /** These rewrites are needed, boundary or not; true if they must be asked for. */
  boolean want(TableStamp table) {
    boolean asked = table.equals(wanted);
    wanted = table;
    return !asked && !table.equals(inForce);
  }

  boolean isInForce(TableStamp table) {
    return table.equals(inForce);
  }

  /** Whether rewrites that came are those it was told of and not here yet. */
  boolean take(TableStamp stamp) {
    boolean takes = lacksTable() && stamp.equals(wanted);
    if (takes) {
      taking = stamp;
    }
    return takes;
  }

  /** Whether the rewrites it was told of have not come. */
  boolean lacksTable() {
    return wanted != null && !wanted.equals(inForce) && !wanted.equals(taking);
  }

  /** The device has taken them. */
  void taken(TableStamp stamp) {
    inForce = stamp;
    if (told != null && told.table().equals(stamp)) {
      proceeded = told.committedSteps();
    }
  }

  /** Whether the step after so many may be computed. */
  boolean isOpen(long committedSteps) {
    if (proceeded < 0 || committedSteps < proceeded || !told.table().equals(inForce)) {
      return false;
    }
    noBoundaryUpTo = Math.max(noBoundaryUpTo, proceeded);
    while (noBoundaryUpTo < committedSteps && !isBoundary.test(noBoundaryUpTo + 1)) {
      noBoundaryUpTo++;
    }
    return noBoundaryUpTo >= committedSteps;
  }
}
