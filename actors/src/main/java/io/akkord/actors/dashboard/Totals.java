package io.akkord.actors.dashboard;

import io.akkord.actors.params.StepReport;

/**
 * Sums over the steps of a run from its first one on.
 *
 * @param tokens target tokens
 * @param samples sample visits
 * @param seconds in steps
 * @param skipped steps that moved no weight
 * @param clipped steps whose gradient was clipped
 */
record Totals(double tokens, double samples, double seconds, long skipped, long clipped) {
  static final Totals NONE = new Totals(0, 0, 0, 0, 0);

  Totals plus(StepReport report) {
    return new Totals(
        tokens + report.tokens(),
        samples + report.samples(),
        seconds + (Double.isFinite(report.seconds()) ? report.seconds() : 0),
        skipped + (report.skipped() != null ? 1 : 0),
        clipped + (report.clipped() ? 1 : 0));
  }

  /** A share of the way to a later point. */
  Totals towards(Totals later, double share) {
    return new Totals(
        tokens + share * (later.tokens - tokens),
        samples + share * (later.samples - samples),
        seconds + share * (later.seconds - seconds),
        skipped + Math.round(share * (later.skipped - skipped)),
        clipped + Math.round(share * (later.clipped - clipped)));
  }
}
