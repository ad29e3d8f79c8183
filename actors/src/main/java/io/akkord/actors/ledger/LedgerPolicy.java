package io.akkord.actors.ledger;

import io.akkord.proto.LedgerEvent.CycleOpened;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Which samples a cycle rewrites (arXiv 2606.11206 §3.3): a pure function of the ledger. */
public final class LedgerPolicy {
  private LedgerPolicy() {}

  /**
   * The ⌈fraction · N⌉ samples with the highest moving average, highest first, ties by index, among
   * those visited often enough and, for score z, worse than the batch average.
   */
  public static List<Integer> candidates(LedgerState state, LedgerSetup setup) {
    int limit = limit(setup);
    if (limit == 0) {
      return List.of();
    }
    Comparator<Integer> bestFirst =
        Comparator.<Integer>comparingDouble(state::average)
            .reversed()
            .thenComparing(Comparator.naturalOrder());
    PriorityQueue<Integer> kept = new PriorityQueue<>(bestFirst.reversed());
    for (int sample = 0; sample < state.samples(); sample++) {
      if (eligible(state, setup, sample)) {
        kept.add(sample);
        if (kept.size() > limit) {
          kept.poll();
        }
      }
    }
    List<Integer> ordered = new ArrayList<>(kept);
    ordered.sort(bestFirst);
    return ordered;
  }

  private static boolean eligible(LedgerState state, LedgerSetup setup, int sample) {
    // A sample that was never visited has no average, whatever min_visits says.
    return state.visits(sample) >= Math.max(1, setup.minVisits())
        && (setup.score() == ScoreKind.C || state.average(sample) > 0);
  }

  /** In decimal, as the user wrote it: 7 % of 100 is 7, though 0.07 · 100 is more in binary. */
  private static int limit(LedgerSetup setup) {
    return BigDecimal.valueOf(setup.fraction())
        .multiply(BigDecimal.valueOf(setup.samples()))
        .setScale(0, RoundingMode.CEILING)
        .intValueExact();
  }

  /** Whether this candidate is rewritten: a coin that any process can throw again. */
  public static boolean coin(long seed, int cycle, int sample, double probability) {
    long mixed = mix(mix(mix(seed) + cycle) + sample);
    return (mixed >>> 11) * 0x1.0p-53 < probability;
  }

  /** The plan of a cycle opened after {@code state.committedSteps()} steps. */
  public static CycleOpened plan(LedgerState state, LedgerSetup setup, int cycle) {
    List<Integer> candidates = candidates(state, setup);
    CycleOpened.Builder plan =
        CycleOpened.newBuilder()
            .setCycle(cycle)
            .setCommittedSteps(state.committedSteps())
            .setCandidates(candidates.size())
            .setGroupSize(setup.groupSize());
    for (int sample : candidates) {
      if (coin(setup.seed(), cycle, sample, setup.probability())) {
        plan.addSamples(sample).addRevisions(state.revision(sample) + 1);
      }
    }
    return plan.setReason(reason(setup, candidates.size(), plan.getSamplesCount())).build();
  }

  private static String reason(LedgerSetup setup, int candidates, int chosen) {
    if (candidates == 0) {
      return "no candidate: no sample has "
          + Math.max(1, setup.minVisits())
          + " visits since its revision"
          + (setup.score() == ScoreKind.Z ? " and a moving average above 0" : "");
    }
    return chosen
        + " of "
        + candidates
        + " candidates, chosen with probability "
        + setup.probability()
        + " (at most "
        + limit(setup)
        + " of "
        + setup.samples()
        + " samples)";
  }

  /** Finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit moves every output bit. */
  private static long mix(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
