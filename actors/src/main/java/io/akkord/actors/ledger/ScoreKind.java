package io.akkord.actors.ledger;

/** What a sample's moving average averages. */
public enum ScoreKind {
  /** The normalised score z: how much worse than its batch, in standard deviations. */
  Z,
  /** The raw compatibility cost c, nats per token. */
  C
}
