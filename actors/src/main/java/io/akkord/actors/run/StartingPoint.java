package io.akkord.actors.run;

import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerSeed;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.params.CommitRecord;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.supervisor.TakenOver;
import io.akkord.actors.takeover.KeptCopy;
import io.akkord.actors.takeover.TakeOver;
import io.akkord.actors.takeover.TakeOver.GoOn;
import io.akkord.actors.takeover.TakeOver.JournalView;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.proto.LedgerImage;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where an attempt begins if it takes over what the workers of an earlier one have kept: the slices
 * at one version, and the ledger brought to exactly that many steps.
 *
 * @param plan what the hosts keep
 * @param seed the ledger
 * @param lacked commit records that the journal lacked
 * @param cycleClosed the rewrite cycle due at this step is over
 */
public record StartingPoint(GoOn plan, LedgerSeed seed, long lacked, boolean cycleClosed) {

  /** A starting point, or why there is none; neither if nothing was kept. */
  public record Found(StartingPoint point, String reason) {}

  /**
   * Whether an attempt can go on from what workers have kept.
   *
   * @param otherwise into how many slices the run is cut if the copies do not tell
   * @param lineage the last attempt and those it went on from, without a checkpoint in between
   * @param checkpoint committed steps of the newest one; 0 if there is none
   */
  public static TakeOver.Decision choose(
      List<KeptCopy> kept,
      ParameterLayout layout,
      int otherwise,
      Set<Long> lineage,
      long checkpoint) {
    List<Slice> slices =
        TakeOver.cut(kept, layout.size()).orElseGet(() -> layout.slices(otherwise));
    return TakeOver.choose(kept, slices, lineage, checkpoint);
  }

  /** Where an attempt begins that may take over; see {@link #choose}. */
  public static Found find(
      List<KeptCopy> kept,
      ParameterLayout layout,
      int otherwise,
      LedgerReader ledger,
      String runId,
      long checkpoint) {
    if (kept.isEmpty()) {
      return new Found(null, null);
    }
    TakeOver.Decision decision = choose(kept, layout, otherwise, ledger.lineage(), checkpoint);
    return decision instanceof GoOn plan
        ? of(plan, ledger, runId)
        : new Found(null, ((TakeOver.FromCheckpoint) decision).reason());
  }

  /** Looks whether the journal and the slices can be brought together. */
  private static Found of(GoOn plan, LedgerReader ledger, String runId) {
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

  /** Steps that are committed where it begins. */
  public long version() {
    return plan.version();
  }

  /**
   * What the supervisor goes on from.
   *
   * @param checkpoint committed steps of the newest one
   */
  public TakenOver takenOver(long checkpoint) {
    return new TakenOver(
        plan.keepers(), plan.last().record().next(), cycleClosed, checkpoint == plan.version());
  }

  /** Steps below the version that the metrics lack. */
  public List<StepReport> missed(long lastStep) {
    return plan.records().values().stream()
        .map(CommitRecord::report)
        .filter(report -> report.step() > lastStep)
        .toList();
  }

  /** For people. */
  public String text() {
    return "took over %d slices at step %d from attempt %d (%d commit records the journal lacked)"
        .formatted(plan.keepers().size(), plan.version(), plan.attempt(), lacked);
  }
}
