package io.akkord.config;

/**
 * What a rewrite cycle can still achieve. A rewrite acts only when its sample is visited again, and
 * a sample is a candidate only after {@code min_visits} visits.
 *
 * @param cycle from 1 on
 * @param committedSteps steps before it
 * @param visitsLeft sample visits after it
 * @param eligible samples with enough visits to be candidates, if none was rewritten before
 * @param visitedAgain expected share of these that is visited at least once more
 */
public record CycleOutlook(
    int cycle, long committedSteps, long visitsLeft, long eligible, double visitedAgain) {

  /** Whether any rewrite of this cycle can act. */
  public boolean canAct() {
    return eligible > 0 && visitedAgain > 0;
  }

  static CycleOutlook of(RunPlan plan, int cycle) {
    long t = plan.cycles().orElseThrow().step(cycle);
    long epoch = t / plan.stepsPerEpoch();
    long samples = plan.samples();
    long passed = plan.visitsBefore(t) - epoch * samples; // of the current epoch
    long left = plan.visitsLeft(t);
    long restOfEpoch = samples - passed;
    long later = Math.max(0, left - restOfEpoch);

    int minVisits = plan.recipe().rewrite().orElseThrow().minVisits();
    long seen = epoch + 1 >= minVisits ? passed : 0; // already visited in this epoch
    long unseen = epoch >= minVisits ? restOfEpoch : 0;
    double unseenAgain = Math.min(1, (double) left / restOfEpoch);
    double seenAgain = seenAgain(later, samples, passed, plan.recipe().shuffle());
    long eligible = seen + unseen;
    double again = seen == 0 ? 0 : seen * seenAgain;
    again += unseen * unseenAgain;
    return new CycleOutlook(cycle, t, left, eligible, eligible == 0 ? 0 : again / eligible);
  }

  /** Share of the first {@code passed} samples of an epoch that {@code later} visits reach. */
  private static double seenAgain(long later, long samples, long passed, boolean shuffle) {
    if (later >= samples) {
      return 1;
    }
    // Shuffled: a partial epoch reaches any sample alike. In file order: the same ones first.
    return shuffle ? (double) later / samples : (double) Math.min(later, passed) / passed;
  }
}
