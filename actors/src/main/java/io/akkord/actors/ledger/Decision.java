package io.akkord.actors.ledger;

import io.akkord.proto.LedgerEvent;
import java.util.List;

/** What is to become of a command. */
sealed interface Decision {

  /** New: store these events, then acknowledge. */
  record Store(List<LedgerEvent> events) implements Decision {}

  /** Stored before: acknowledge again. */
  enum Repeat implements Decision {
    INSTANCE
  }

  /** Not now or not at all. */
  record Refuse(String reason) implements Decision {}

  static Decision store(LedgerEvent.Builder event) {
    return new Store(List.of(event.build()));
  }
}
