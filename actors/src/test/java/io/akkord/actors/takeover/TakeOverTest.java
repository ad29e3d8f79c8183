package io.akkord.actors.takeover;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.params.CommitRecord;
import io.akkord.actors.params.ParameterShard.Apply;
import io.akkord.actors.takeover.TakeOver.Decision;
import io.akkord.actors.takeover.TakeOver.FromCheckpoint;
import io.akkord.actors.takeover.TakeOver.GoOn;
import io.akkord.actors.takeover.TakeOver.JournalView;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Two slices of a model of 20 parameters, kept by the hosts a and b. */
class TakeOverTest {
  private static final List<Slice> SLICES = List.of(new Slice(0, 0, 10), new Slice(1, 10, 20));
  private static final TableStamp TABLE = new TableStamp(1, "f00d");
  private static final long CHECKPOINT = 0;

  @Test
  void aCommonVersionIsGoneOnWith() {
    GoOn plan = goesOn(copy("a", 0, 7), copy("b", 1, 7));
    assertThat(plan.version()).isEqualTo(7);
    assertThat(plan.attempt()).isEqualTo(1);
    assertThat(plan.keepers().get(0)).extracting(TakeOver.Keeper::host).containsExactly("a");
    assertThat(plan.keepers().get(1)).extracting(TakeOver.Keeper::host).containsExactly("b");
    assertThat(plan.keepers().get(0).get(0).finish()).isNull();
    assertThat(plan.last().adamSteps()).isEqualTo(7);
    assertThat(plan.records()).containsOnlyKeys(2L, 3L, 4L, 5L, 6L);
  }

  @Test
  void everyCopyOfTheVersionIsAKeeper() {
    GoOn plan = goesOn(copy("a", 0, 7), copy("b", 0, 7), copy("a", 1, 7), copy("b", 1, 7));
    assertThat(plan.keepers().get(0)).extracting(TakeOver.Keeper::host).containsExactly("a", "b");
    assertThat(plan.keepers().get(1)).extracting(TakeOver.Keeper::host).containsExactly("a", "b");
  }

  @Test
  void aSliceThatIsAheadLetsTheOtherFinishWhatItHasSummed() {
    GoOn plan = goesOn(copy("a", 0, 8), summed("b", 1, 7, 3));
    assertThat(plan.version()).isEqualTo(8);
    assertThat(plan.keepers().get(0).get(0).finish()).isNull();
    TakeOver.Keeper behind = plan.keepers().get(1).get(0);
    assertThat(behind.version()).isEqualTo(7);
    assertThat(behind.finish().step()).isEqualTo(7);
    assertThat(plan.last().step()).isEqualTo(7);
  }

  @Test
  void aDecisionThatNobodyCouldCarryOutYetIsCarriedOutByAll() {
    KeptCopy told = new KeptCopy("a", 1, 0, 0, 10, 7, 3, decisions(7));
    GoOn plan = goesOn(told, summed("b", 1, 7, 3));
    assertThat(plan.version()).isEqualTo(8);
    assertThat(plan.keepers()).allMatch(slice -> slice.get(0).finish().step() == 7);
  }

  @Test
  void aStepThatIsSkippedNeedsNoSum() {
    List<Apply> decided = new ArrayList<>(decisions(6));
    decided.add(apply(1, 7, true));
    KeptCopy ahead = new KeptCopy("a", 1, 0, 0, 10, 8, -1, decided);
    GoOn plan = goesOn(ahead, copy("b", 1, 7));
    assertThat(plan.version()).isEqualTo(8);
  }

  @Test
  void aSumUnderAnotherAssignmentIsNotFinishedWith() {
    assertThat(reason(copy("a", 0, 8), summed("b", 1, 7, 2)))
        .isEqualTo(
            "nobody has slices [1] of 2 at step 8; a has slice 0 at step 8; b has slice 1 at step 7");
  }

  @Test
  void aSumOfAnotherAttemptIsNotFinishedWith() {
    KeptCopy behind = new KeptCopy("b", 2, 1, 10, 20, 7, 3, decisions(6));
    Decision decision =
        TakeOver.choose(List.of(copy("a", 0, 8), behind), SLICES, Set.of(1L, 2L), CHECKPOINT);
    assertThat(decision).isInstanceOf(FromCheckpoint.class);
  }

  @Test
  void theVersionBeforeCountsWhereItIsWhole() {
    GoOn plan = goesOn(copy("a", 0, 8), copy("b", 0, 7), copy("b", 1, 7));
    assertThat(plan.version()).isEqualTo(7);
    assertThat(plan.keepers().get(0)).extracting(TakeOver.Keeper::host).containsExactly("b");
    assertThat(plan.last().step()).isEqualTo(6);
    assertThat(plan.records()).doesNotContainKey(7L);
  }

  @Test
  void aMissingSliceSendsBackToTheCheckpointWithItsNumber() {
    assertThat(reason(copy("a", 0, 7)))
        .isEqualTo("nobody has slices [1] of 2 at step 7; a has slice 0 at step 7");
  }

  @Test
  void nothingKeptIsSaid() {
    assertThat(reason()).isEqualTo("no worker has kept a slice of the run");
  }

  @Test
  void aNewerCheckpointWins() {
    Decision decision =
        TakeOver.choose(List.of(copy("a", 0, 7), copy("b", 1, 7)), SLICES, Set.of(1L), 8);
    assertThat(((FromCheckpoint) decision).reason())
        .isEqualTo("the slices that were kept are at step 7, the checkpoint is at step 8");
  }

  @Test
  void slicesOfAnAttemptBeforeACheckpointRestartAreNotTaken() {
    Decision decision =
        TakeOver.choose(
            List.of(copy("a", 0, 7), copy("b", 1, 7)), SLICES, Set.of(3L, 2L), CHECKPOINT);
    assertThat(((FromCheckpoint) decision).reason())
        .contains("are of attempt 1, after which the run went on from a checkpoint");
  }

  @Test
  void attemptsOfOneLineageMayBeMixed() {
    KeptCopy adopted = new KeptCopy("b", 2, 1, 10, 20, 7, -1, decisions(6));
    Decision decision =
        TakeOver.choose(List.of(copy("a", 0, 7), adopted), SLICES, Set.of(1L, 2L), CHECKPOINT);
    assertThat(((GoOn) decision).attempt()).isEqualTo(2);
  }

  @Test
  void slicesThatAreCutElsewhereAreNotTaken() {
    KeptCopy other = new KeptCopy("a", 1, 0, 0, 12, 7, -1, decisions(6));
    assertThat(reason(other, copy("b", 1, 7))).contains("slice 0 that a has kept is cut elsewhere");
  }

  @Test
  void withoutARecordOfTheLastStepThereIsNoGoingOn() {
    KeptCopy a = new KeptCopy("a", 1, 0, 0, 10, 7, -1, List.of());
    KeptCopy b = new KeptCopy("b", 1, 1, 10, 20, 7, -1, List.of());
    assertThat(reason(a, b)).isEqualTo("no slice has the commit record of step 6");
  }

  @Test
  void aJournalThatLagsGetsTheRecordsItLacksInOrder() {
    GoOn plan = goesOn(copy("a", 0, 7), copy("b", 1, 7));
    JournalView journal = new JournalView(4, TABLE);
    assertThat(TakeOver.unmendable(plan, journal)).isEmpty();
    assertThat(TakeOver.lacking(plan, journal))
        .extracting(CommitRecord::step)
        .containsExactly(4L, 5L, 6L);
  }

  @Test
  void aJournalThatIsAheadIsCutAndLacksNothing() {
    GoOn plan = goesOn(copy("a", 0, 7), copy("b", 1, 7));
    assertThat(TakeOver.lacking(plan, new JournalView(7, TABLE))).isEmpty();
    assertThat(TakeOver.unmendable(plan, new JournalView(7, TABLE))).isEmpty();
  }

  @Test
  void recordsThatAreNowhereSendBackToTheCheckpoint() {
    GoOn plan = goesOn(copy("a", 0, 7), copy("b", 1, 7));
    assertThat(TakeOver.unmendable(plan, new JournalView(0, TABLE)))
        .contains(
            "the journal holds 0 steps, the slices are at step 7, and nobody has the commit records of steps 0 to 1");
  }

  @Test
  void aJournalThatLostACycleIsNotGoneOnWith() {
    GoOn plan = goesOn(copy("a", 0, 7), copy("b", 1, 7));
    Optional<String> reason =
        TakeOver.unmendable(plan, new JournalView(7, new TableStamp(0, "beef")));
    assertThat(reason)
        .contains(
            "step 6 was computed with version 1 of the rewrites, the journal holds version 0");
  }

  @Test
  void theCutOfTheRunFollowsFromItsCopies() {
    assertThat(TakeOver.cut(List.of(copy("b", 1, 7), copy("a", 0, 7)), 20)).contains(SLICES);
    assertThat(TakeOver.cut(List.of(copy("a", 0, 7)), 20)).isEmpty();
    assertThat(TakeOver.cut(List.of(copy("b", 1, 7)), 20)).isEmpty();
    assertThat(TakeOver.cut(List.of(), 20)).isEmpty();
  }

  /**
   * Whatever died when: a plan holds every slice once at one version, and its records lead there.
   */
  @Test
  void noPlanMixesVersions() {
    Random random = new Random(42);
    int plans = 0;
    for (int i = 0; i < 5_000; i++) {
      List<KeptCopy> copies = new ArrayList<>();
      for (String host : List.of("a", "b", "c")) {
        for (int slice = 0; slice < SLICES.size(); slice++) {
          long version = 6 + random.nextInt(3);
          long sum = random.nextInt(4) - 1;
          boolean told = random.nextInt(4) == 0;
          Slice s = SLICES.get(slice);
          List<Apply> decided = decisions(told ? version : version - 1);
          if (random.nextInt(3) > 0) {
            copies.add(new KeptCopy(host, 1, slice, s.from(), s.to(), version, sum, decided));
          }
        }
      }
      if (TakeOver.choose(copies, SLICES, Set.of(1L), CHECKPOINT) instanceof GoOn plan) {
        plans++;
        assertThat(plan.last().step()).isEqualTo(plan.version() - 1);
        assertThat(plan.records().keySet()).allMatch(step -> step < plan.version());
        assertThat(plan.keepers()).hasSize(2).noneMatch(List::isEmpty);
        plan.keepers().stream()
            .flatMap(List::stream)
            .forEach(
                keeper ->
                    assertThat(keeper.version() + (keeper.finish() == null ? 0 : 1))
                        .isEqualTo(plan.version()));
      }
    }
    assertThat(plans).isBetween(1_000, 4_999);
  }

  private static GoOn goesOn(KeptCopy... copies) {
    Decision decision = TakeOver.choose(List.of(copies), SLICES, Set.of(1L), CHECKPOINT);
    assertThat(decision).isInstanceOf(GoOn.class);
    return (GoOn) decision;
  }

  private static String reason(KeptCopy... copies) {
    Decision decision = TakeOver.choose(List.of(copies), SLICES, Set.of(1L), CHECKPOINT);
    assertThat(decision).isInstanceOf(FromCheckpoint.class);
    return ((FromCheckpoint) decision).reason();
  }

  private static KeptCopy copy(String host, int slice, long version) {
    return summed(host, slice, version, -1);
  }

  private static KeptCopy summed(String host, int slice, long version, long assignment) {
    Slice s = SLICES.get(slice);
    return new KeptCopy(
        host, 1, slice, s.from(), s.to(), version, assignment, decisions(version - 1));
  }

  /** The five decisions up to a step. */
  private static List<Apply> decisions(long last) {
    List<Apply> decisions = new ArrayList<>();
    for (long step = Math.max(0, last - 4); step <= last; step++) {
      decisions.add(apply(1, step, false));
    }
    return decisions;
  }

  private static Apply apply(long attempt, long step, boolean skip) {
    CommitRecord record =
        new CommitRecord(step, new int[0], new float[0], 0, 1, skip, null, TABLE, null);
    return new Apply(attempt, step, 3, 1, 0.1, step + 1, skip, false, record);
  }
}
