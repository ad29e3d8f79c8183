package io.akkord.actors.ledger;

import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.CycleClosed;
import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerEvent.GroupStored;
import io.akkord.proto.LedgerEvent.StepCommitted;
import io.akkord.proto.Rewrite;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A small ledger: 10 samples, every candidate rewritten, groups of two. */
final class LedgerFixture {
  static final LedgerSetup SETUP = setup(ScoreKind.Z, 0.3, 1.0, Optional.empty());

  private LedgerFixture() {}

  static LedgerSetup setup(
      ScoreKind score, double fraction, double probability, Optional<LedgerSeed> resume) {
    long attempt = resume.map(seed -> seed.image().getAttempt() + 1).orElse(1L);
    return new LedgerSetup(
        "first", attempt, 10, 0.9, score, 1e-6, 2, fraction, probability, 42, 2, resume, false);
  }

  /**
   * A committed step whose costs have mean 2 and standard deviation 1, so that z = c − 2. A single
   * sample gets number 9 beside it, with score 0: a batch of one has no scores.
   */
  static LedgerEvent step(long step, int[] samples, float... costs) {
    return event(step, samples, costs, false);
  }

  static LedgerEvent skippedStep(long step, int[] samples, float... costs) {
    return event(step, samples, costs, true);
  }

  private static LedgerEvent event(long step, int[] samples, float[] costs, boolean skipped) {
    StepCommitted.Builder committed =
        StepCommitted.newBuilder().setStep(step).setMean(2).setStd(1).setSkipped(skipped);
    Arrays.stream(samples).forEach(committed::addSamples);
    for (float cost : costs) {
      committed.addCosts(cost);
    }
    if (samples.length == 1) {
      committed.addSamples(9).addCosts(2);
    }
    return LedgerEvent.newBuilder().setStepCommitted(committed).build();
  }

  static LedgerEvent opened(CycleOpened plan) {
    return LedgerEvent.newBuilder().setCycleOpened(plan).build();
  }

  static LedgerEvent stored(int cycle, int group, Rewrite... outcomes) {
    return LedgerEvent.newBuilder()
        .setGroupStored(
            GroupStored.newBuilder()
                .setCycle(cycle)
                .setGroup(group)
                .addAllOutcomes(List.of(outcomes)))
        .build();
  }

  static LedgerEvent closed(int cycle) {
    return LedgerEvent.newBuilder()
        .setCycleClosed(CycleClosed.newBuilder().setCycle(cycle))
        .build();
  }

  static Rewrite rewrite(int sample, int revision, boolean accepted) {
    return Rewrite.newBuilder()
        .setSample(sample)
        .setRevision(revision)
        .setAccepted(accepted)
        .setReason(accepted ? "ends in EOS" : "no EOS within 8 tokens")
        .addCompletionIds(100 + sample)
        .addCompletionIds(2)
        .setText("rewrite of " + sample)
        .setCostBefore(3)
        .setCostAfter(1)
        .setPolicyVersion(4)
        .build();
  }
}
