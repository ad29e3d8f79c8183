package io.akkord.actors.run;

import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerSeed;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.params.CommitRecord;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.supervisor.TakenOver;
import io.akkord.actors.takeover.TakeOver;
import io.akkord.actors.takeover.TakeOver.GoOn;
import io.akkord.actors.takeover.TakeOver.JournalView;
import io.akkord.proto.LedgerImage;
import java.util.List;
import java.util.Optional;

/**
 * Where an attempt begins if it takes over what the workers of an earlier one have kept: the slices
 * at one version, and the ledger brought to exactly that many steps.
 *
 * @param plan what the hosts keep
 * @param seed the ledger
 * @param lacked commit records that the journal lacked
 * @param cycleClosed the rewrite cycle due at this step is over
 */
record StartingPoint(GoOn plan, LedgerSeed seed, long lacked, boolean cycleClosed) {

  /** A starting point, or why there is none. */
  record Found(StartingPoint point, String reason) {}

  /** Looks whether the journal and the slices can be brought together. */
  static Found of(GoOn plan, LedgerReader ledger, String runId) {
    LedgerState state = ledger.state(plan.version());
    JournalView journal =
        new JournalView(state.committedSteps(), state.tableAt(plan.version() - 1));
    Optional<String> reason = TakeOver.unmendable(plan, journal);
    if (reason.isPresent()) {
      return new Found(null, reason.get());
    }
    List<CommitRecord> lacking = TakeOver.lacking(plan, journal);
    boolean cycleClosed =
        state.pastCycles().stream()
            .anyMatch(past -> past.opened().getCommittedSteps() == plan.version());
    // A cycle that is open is opened anew; its finished groups are not computed again.
    LedgerImage image = state.image(runId, plan.attempt(), 0).toBuilder().clearOpenCycle().build();
    LedgerSeed seed =
        new LedgerSeed(
            image,
            ledger.finishedGroupsAfter(plan.version() - 1),
            lacking.stream().map(CommitRecord::event).toList(),
            plan.attempt());
    return new Found(new StartingPoint(plan, seed, lacking.size(), cycleClosed), null);
  }

  long version() {
    return plan.version();
  }

  TakenOver takenOver(long checkpoint) {
    return new TakenOver(
        plan.keepers(), plan.last().record().next(), cycleClosed, checkpoint == plan.version());
  }

  /** Steps below the version that the metrics lack. */
  List<StepReport> missed(long lastStep) {
    return plan.records().values().stream()
        .map(CommitRecord::report)
        .filter(report -> report.step() > lastStep)
        .toList();
  }

  /** For people. */
  String text() {
    return "took over %d slices at step %d from attempt %d (%d commit records the journal lacked)"
        .formatted(plan.keepers().size(), plan.version(), plan.attempt(), lacked);
  }
}
