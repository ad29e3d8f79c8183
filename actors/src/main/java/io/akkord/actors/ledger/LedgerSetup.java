package io.akkord.actors.ledger;

import io.akkord.model.UserError;
import io.akkord.proto.LedgerRules;
import java.util.Locale;
import java.util.Optional;

/**
 * The constants of one attempt of a run.
 *
 * @param runId the run's name; part of the persistence id
 * @param attempt 1-based; every start or resume of the run is a new one
 * @param samples size of the data set
 * @param decay of the moving average, in [0, 1); the paper's value is 0.9
 * @param score what is averaged
 * @param epsilon added to the standard deviation in z
 * @param minVisits visits since its revision a sample needs before it can be a candidate
 * @param fraction share of the data set that becomes candidates in a cycle, in [0, 1]
 * @param probability that a candidate is rewritten, in [0, 1]
 * @param seed of the run
 * @param groupSize samples rewritten in one batch
 * @param resume what to start from, empty for a fresh run
 * @param otherTerms recipe, data or model are not those of earlier attempts
 */
public record LedgerSetup(
    String runId,
    long attempt,
    int samples,
    double decay,
    ScoreKind score,
    double epsilon,
    int minVisits,
    double fraction,
    double probability,
    long seed,
    int groupSize,
    Optional<LedgerSeed> resume,
    boolean otherTerms) {

  /** Refuses values no recipe can have. */
  public LedgerSetup {
    require(samples > 0, "samples", samples);
    require(attempt > 0, "attempt", attempt);
    require(decay >= 0 && decay < 1, "decay", decay);
    require(epsilon >= 0, "epsilon", epsilon);
    require(fraction >= 0 && fraction <= 1, "fraction", fraction);
    require(probability >= 0 && probability <= 1, "probability", probability);
    require(groupSize > 0, "groupSize", groupSize);
    LedgerRules rules = rules(samples, decay, score, epsilon);
    resume.map(r -> r.image().getRules()).ifPresent(found -> requireSame(found, rules));
  }

  /** {@code ledger|RUN|ATTEMPT}. */
  public String persistenceId() {
    return persistenceIds(runId) + attempt;
  }

  /** What the persistence ids of all attempts of a run begin with, and no other run's do. */
  static String persistenceIds(String runId) {
    return "ledger|" + runId + "|";
  }

  /** The attempt whose persistence id that is. */
  static long attemptOf(String persistenceId) {
    return Long.parseLong(persistenceId.substring(persistenceId.lastIndexOf('|') + 1));
  }

  /** The part of the settings that gives the stored numbers their meaning. */
  public LedgerRules rules() {
    return rules(samples, decay, score, epsilon);
  }

  private static LedgerRules rules(int samples, double decay, ScoreKind score, double epsilon) {
    return LedgerRules.newBuilder()
        .setSamples(samples)
        .setDecay(decay)
        .setScoreIsCost(score == ScoreKind.C)
        .setEpsilon(epsilon)
        .build();
  }

  private static void requireSame(LedgerRules found, LedgerRules expected) {
    if (!found.equals(expected)) {
      throw new UserError(
          "the checkpoint's ledger was kept with other settings ("
              + inOneLine(found)
              + ") than this run's ("
              + inOneLine(expected)
              + "). Resume with the recipe and data of the checkpoint, or choose another output_dir.");
    }
  }

  private static String inOneLine(LedgerRules rules) {
    return String.format(
        Locale.ROOT,
        "samples %d, decay %s, score %s, epsilon %s",
        rules.getSamples(),
        rules.getDecay(),
        rules.getScoreIsCost() ? "c" : "z",
        rules.getEpsilon());
  }

  private static void require(boolean holds, String name, Number value) {
    if (!holds) {
      throw new IllegalArgumentException("ledger setup: " + name + " = " + value);
    }
  }
}
