package io.akkord.actors.ledger;

import io.akkord.proto.LedgerImage;

/** What two ledgers that saw the same training have in common, to the last bit. */
public final class LedgerImages {
  private LedgerImages() {}

  /** The state after the last event, without the names of run and attempt. */
  public static LedgerImage of(LedgerReader reader) {
    return reader.state().image("", 0, 0);
  }
}
