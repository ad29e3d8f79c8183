package io.akkord.actors.worker;

import static io.akkord.actors.worker.WorkerFixture.ATTEMPT;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.LoggingTestKit;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parameters, shares and statistics that come twice, late, early or from elsewhere. */
class GpuWorkerTest {
  private static final ActorTestKit KIT = WorkerFixture.kit();

  @TempDir static Path folder;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  private static WorkerFixture begun() {
    return new WorkerFixture(KIT, RunFixture.in(folder)).begun();
  }

  @Test
  void aStepIsScoredThenItsGradientGoesToEverySlice() {
    WorkerFixture w = new WorkerFixture(KIT, RunFixture.in(folder));
    w.worker.tell(new GpuWorker.Holders(ATTEMPT, w.holders));
    w.assign(0, 1, 0, 1, 2, 3);
    w.worker.tell(new GpuWorker.Proceed(0, WorkerFixture.NO_REWRITES));
    w.table(WorkerFixture.NO_REWRITES, 0);
    List<CompletableFuture<Void>> released = w.parameters(0);
    assertThat(w.scored()).containsExactly("step 0 under 1: [0, 1, 2, 3]");
    assertThat(released).allMatch(CompletableFuture::isDone);
    w.moments(ATTEMPT, 0, 5);
    assertThat(w.gradients())
        .containsExactly("step 0 under 1 [0, 4) to 0", "step 0 under 1 [0, 4) to 1");
    assertThat(w.compute.calls())
        .containsExactly(
            "table of 0",
            "install [0.0, 0.0, 0.0, 0.0]",
            "forward 0 under 1: [0, 1, 2, 3]",
            "backward 0 under 1, mean 5.0");
    assertThat(w.compute.lent()).isZero();
  }

  // ---- parameters -------------------------------------------------------------------------------

  @Test
  void whatIsBeingInstalledIsNotReleasedForAnotherBlockOfItsVersion() {
    WorkerFixture w = begun();
    w.compute.gate("install");
    List<CompletableFuture<Void>> read = w.parameters(1);
    // The first copy of each slice was lost, and the next one sends to everybody.
    List<CompletableFuture<Void>> again = w.parameters(1);
    w.settled();
    assertThat(read).noneMatch(CompletableFuture::isDone);
    assertThat(again).allMatch(CompletableFuture::isDone);
    w.compute.let("install");
    w.settled();
    assertThat(read).allMatch(CompletableFuture::isDone);
    assertThat(w.compute.calls()).startsWith("install [1.0, 1.0, 1.0, 1.0]");
    assertThat(w.scored()).containsExactly("step 1 under 1: [0, 1, 2, 3]");
  }

  @Test
  void parametersThatComeWhileOlderOnesAreInstalledAreInstalledNext() {
    WorkerFixture w = begun();
    w.compute.gate("install");
    List<CompletableFuture<Void>> first = w.parameters(1);
    List<CompletableFuture<Void>> second = w.parameters(2);
    w.settled();
    w.compute.let("install");
    w.settled();
    assertThat(first).allMatch(CompletableFuture::isDone);
    assertThat(second).noneMatch(CompletableFuture::isDone);
    w.compute.let("install");
    w.settled();
    assertThat(second).allMatch(CompletableFuture::isDone);
    assertThat(w.compute.calls())
        .contains("install [1.0, 1.0, 1.0, 1.0]", "install [2.0, 2.0, 2.0, 2.0]");
  }

  @Test
  void aStepIsNotBegunWhileNewerParametersAreRead() {
    WorkerFixture w = new WorkerFixture(KIT, RunFixture.in(folder));
    w.assign(0, 1, 0, 1);
    w.parameters(0);
    w.settled();
    w.compute.gate("install");
    w.parameters(1);
    w.settled();
    w.worker.tell(new GpuWorker.Proceed(0, WorkerFixture.NO_REWRITES));
    w.table(WorkerFixture.NO_REWRITES, 0);
    assertThat(w.scored()).as("the device would compute step 0 with version 1").isEmpty();
    w.compute.let("install");
    assertThat(w.scored()).containsExactly("step 1 under 1: [0, 1]");
  }

  @Test
  void parametersOfOldVersionsOtherRunsAndOtherAttemptsAreReleasedAndNothingElse() {
    WorkerFixture w = begun();
    List<BulkHeader> strange =
        List.of(
            WorkerFixture.header(RunFixture.RUN, ATTEMPT, 0, 0),
            WorkerFixture.header("other", ATTEMPT, 1, 0),
            WorkerFixture.header(RunFixture.RUN, ATTEMPT - 1, 1, 0),
            WorkerFixture.header(RunFixture.RUN, ATTEMPT + 1, 1, 0),
            WorkerFixture.header(RunFixture.RUN, ATTEMPT, 1, 2),
            new BulkHeader(
                RunFixture.RUN, ATTEMPT, 1, 0, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT32, 0, 3, 0));
    List<CompletableFuture<Void>> released =
        strange.stream().map(h -> w.parameters(h, GatedCompute.floats(9))).toList();
    w.settled();
    assertThat(released).allMatch(CompletableFuture::isDone);
    w.parameters(1, 1, 1);
    w.settled();
    assertThat(w.compute.calls()).as("slice 0 has not come").isEmpty();
    w.parameters(1, 0, 1);
    w.settled();
    assertThat(w.compute.calls()).startsWith("install [1.0, 1.0, 1.0, 1.0]");
  }

  @Test
  void parametersOfAnotherTypeOrLengthAreRefusedAndTheRunGoesOn() {
    WorkerFixture w = begun();
    BulkHeader doubles = WorkerFixture.header(RunFixture.RUN, ATTEMPT, 1, Dtype.FLOAT64, 0);
    BulkHeader floats = WorkerFixture.header(RunFixture.RUN, ATTEMPT, 1, 0);
    List<CompletableFuture<Void>> released = new ArrayList<>();
    LoggingTestKit.warn(
            "worker w refused PARAMETERS of step 1, slice 0: found 8 bytes of FLOAT64, expected 8"
                + " bytes of FLOAT32")
        .expect(KIT.system(), () -> released.add(w.parameters(doubles, GatedCompute.floats(9))));
    LoggingTestKit.warn("found 16 bytes of FLOAT32, expected 8 bytes of FLOAT32")
        .expect(
            KIT.system(), () -> released.add(w.parameters(floats, ByteBuffer.allocateDirect(16))));
    w.settled();
    assertThat(released).allMatch(CompletableFuture::isDone);
    w.parameters(1);
    assertThat(w.scored()).containsExactly("step 1 under 1: [0, 1, 2, 3]");
    assertThat(w.compute.calls()).startsWith("install [1.0, 1.0, 1.0, 1.0]");
  }

  @Test
  void slicesOfTwoVersionsAreNotMixed() {
    WorkerFixture w = begun();
    CompletableFuture<Void> half = w.parameters(1, 0, 1);
    w.parameters(2, 1, 2);
    w.settled();
    assertThat(w.compute.calls()).isEmpty();
    w.parameters(2, 0, 2);
    w.settled();
    assertThat(w.compute.calls()).startsWith("install [2.0, 2.0, 2.0, 2.0]");
    assertThat(half).as("the version that was passed over").isDone();
    assertThat(w.scored()).containsExactly("step 2 under 1: [0, 1, 2, 3]");
  }

  @Test
  void aSliceThatComesTwiceBeforeTheOthersIsHeldOnce() {
    WorkerFixture w = begun();
    CompletableFuture<Void> first = w.parameters(1, 0, 1);
    CompletableFuture<Void> second = w.parameters(1, 0, 1);
    w.settled();
    assertThat(List.of(first.isDone(), second.isDone())).containsExactlyInAnyOrder(true, false);
    w.parameters(1, 1, 1);
    w.settled();
    assertThat(w.compute.calls()).startsWith("install [1.0, 1.0, 1.0, 1.0]");
    assertThat(List.of(first, second)).allMatch(CompletableFuture::isDone);
  }

  // ---- shares -----------------------------------------------------------------------------------

  @Test
  void aShareOfAnotherAttemptIsIgnored() {
    WorkerFixture w = begun();
    List<Integer> one = List.of(0);
    w.worker.tell(new GpuWorker.Assigned(ATTEMPT - 1, 0, 7, true, one, one));
    w.worker.tell(new GpuWorker.Assigned(ATTEMPT + 1, 0, 7, true, one, one));
    w.parameters(1);
    assertThat(w.scored()).containsExactly("step 1 under 1: [0, 1, 2, 3]");
  }

  @Test
  void aShareThatIsToldTwiceIsComputedOnce() {
    WorkerFixture w = begun();
    w.assign(0, 2, 0, 1);
    w.assign(0, 2, 0, 1);
    assertThat(w.scored()).containsExactly("step 0 under 2: [0, 1]");
    w.moments(ATTEMPT, 0, 1);
    assertThat(w.gradients()).contains("step 0 under 2 [0, 2) to 0").hasSize(2);
  }

  @Test
  void anOlderShareAfterANewerOneChangesNothing() {
    WorkerFixture w = begun();
    w.assign(1, 3, 2, 3);
    w.assign(1, 2, 0, 1);
    w.parameters(1);
    assertThat(w.scored()).containsExactly("step 1 under 3: [2, 3]");
    w.parameters(2);
    assertThat(w.scored()).containsExactly("step 2 under 3: [2, 3]");
  }

  @Test
  void aShareBeforeAnyParametersWaits() {
    WorkerFixture w = new WorkerFixture(KIT, RunFixture.in(folder));
    w.assign(0, 1, 0, 1);
    assertThat(w.scored()).isEmpty();
    assertThat(w.compute.calls()).isEmpty();
  }

  @Test
  void aShareThatComesAfterItsParametersTakesThePlaceOfWhatWasBegun() {
    WorkerFixture w = begun();
    w.parameters(1);
    assertThat(w.scored()).containsExactly("step 1 under 1: [0, 1, 2, 3]");
    w.assign(1, 2, 2, 3);
    assertThat(w.scored()).containsExactly("step 1 under 2: [2, 3]");
    w.moments(ATTEMPT, 1, 1);
    assertThat(w.gradients())
        .as("nobody waits for the gradient under 1")
        .containsExactly("step 1 under 2 [2, 4) to 0", "step 1 under 2 [2, 4) to 1");
  }

  @Test
  void whatIsScoredUnderAnAssignmentThatIsOverIsNotTold() {
    WorkerFixture w = begun();
    w.compute.gate("forward");
    w.parameters(1);
    w.settled();
    w.assign(1, 2, 2, 3);
    w.settled();
    w.compute.let("forward");
    w.compute.let("forward");
    assertThat(w.scored()).containsExactly("step 1 under 2: [2, 3]");
  }

  @Test
  void aShareThatComesAfterALaterStepHasBegunHoldsForThatStepToo() {
    WorkerFixture w = begun();
    w.parameters(1);
    w.parameters(2);
    assertThat(w.scored())
        .containsExactly("step 1 under 1: [0, 1, 2, 3]", "step 2 under 1: [0, 1, 2, 3]");
    w.assign(1, 2, 0, 1);
    assertThat(w.scored()).containsExactly("step 2 under 2: [0, 1]");
    w.moments(ATTEMPT, 2, 1);
    assertThat(w.gradients())
        .containsExactly("step 2 under 2 [0, 2) to 0", "step 2 under 2 [0, 2) to 1");
  }

  @Test
  void aShardThatMovesHereInMidStepIsComputedBesideTheOthers() {
    WorkerFixture w = begun();
    w.assign(1, 2, 0, 1);
    w.parameters(1);
    assertThat(w.scored()).containsExactly("step 1 under 2: [0, 1]");
    w.worker.tell(new GpuWorker.Assigned(ATTEMPT, 1, 3, false, List.of(2), List.of(0, 1, 2)));
    assertThat(w.scored()).containsExactly("step 1 under 3: [2]");
    w.moments(ATTEMPT, 1, 1);
    assertThat(w.gradients())
        .contains("step 1 under 2 [0, 2) to 0", "step 1 under 3 [2, 3) to 0")
        .hasSize(4);
    w.parameters(2);
    assertThat(w.scored()).containsExactly("step 2 under 3: [0, 1, 2]");
  }

  @Test
  void aShardThatMovesHereBeforeItsStepIsBegunIsComputedBesideTheOthers() {
    WorkerFixture w = begun();
    w.assign(1, 2, 0, 1);
    w.worker.tell(new GpuWorker.Assigned(ATTEMPT, 1, 3, false, List.of(2), List.of(0, 1, 2)));
    w.parameters(1);
    assertThat(w.scored()).containsExactly("step 1 under 2: [0, 1]", "step 1 under 3: [2]");
  }

  /** A newcomer was given work, then its neighbour was lost: all its later work moves here now. */
  @Test
  void whatItHadStaysEvenIfAllItsLaterWorkMovesHereInMidStep() {
    WorkerFixture w = begun();
    w.assign(1, 2, 0, 1);
    w.worker.tell(new GpuWorker.Assigned(ATTEMPT, 1, 3, false, List.of(2), List.of(2)));
    w.parameters(1);
    assertThat(w.scored()).containsExactly("step 1 under 2: [0, 1]", "step 1 under 3: [2]");
    w.parameters(2);
    assertThat(w.scored()).containsExactly("step 2 under 3: [2]");
  }

  // ---- statistics -------------------------------------------------------------------------------

  @Test
  void statisticsOfAnotherStepOrAttemptAreIgnored() {
    WorkerFixture w = begun();
    w.moments(ATTEMPT - 1, 0, 1);
    w.moments(ATTEMPT, 1, 2);
    w.settled();
    assertThat(w.compute.calls()).isEmpty();
    w.moments(ATTEMPT, 0, 3);
    w.settled();
    assertThat(w.compute.calls()).containsExactly("backward 0 under 1, mean 3.0");
  }

  @Test
  void statisticsThatAreToldTwiceGiveOneGradient() {
    WorkerFixture w = begun();
    w.moments(ATTEMPT, 0, 1);
    w.moments(ATTEMPT, 0, 1);
    w.settled();
    assertThat(w.compute.calls()).containsExactly("backward 0 under 1, mean 1.0");
    assertThat(w.gradients()).hasSize(2);
  }

  /** A shard moved here after the barrier: the server tells the statistics again for its scores. */
  @Test
  void statisticsBeforeTheScoresAreUsedWhenTheyAreToldAgain() {
    WorkerFixture w = begun();
    w.compute.gate("forward");
    w.assign(0, 2, 0);
    w.moments(ATTEMPT, 0, 1);
    w.settled();
    assertThat(w.gradients()).isEmpty();
    w.compute.let("forward");
    assertThat(w.scored()).containsExactly("step 0 under 2: [0]");
    w.moments(ATTEMPT, 0, 1);
    assertThat(w.gradients()).contains("step 0 under 2 [0, 1) to 0").hasSize(2);
  }

  @Test
  void statisticsOfTheStepBeforeDoNotReachTheNext() {
    WorkerFixture w = begun();
    w.moments(ATTEMPT, 0, 1);
    w.parameters(1);
    w.moments(ATTEMPT, 0, 1);
    w.settled();
    assertThat(w.compute.calls())
        .containsExactly(
            "backward 0 under 1, mean 1.0",
            "install [1.0, 1.0, 1.0, 1.0]",
            "forward 1 under 1: [0, 1, 2, 3]");
  }

  // ---- gradients --------------------------------------------------------------------------------

  @Test
  void holdersOfAnotherAttemptGetNothing() {
    WorkerFixture w = begun();
    w.worker.tell(
        new GpuWorker.Holders(ATTEMPT + 1, List.of(List.of(w.holder(7)), List.of(w.holder(8)))));
    w.moments(ATTEMPT, 0, 1);
    assertThat(w.gradients())
        .containsExactly("step 0 under 1 [0, 4) to 0", "step 0 under 1 [0, 4) to 1");
  }

  @Test
  void everyHolderOfASliceGetsTheGradientAndItIsGivenBackAfterTheLast() {
    WorkerFixture w = begun();
    w.worker.tell(
        new GpuWorker.Holders(
            ATTEMPT, List.of(List.of(w.holder(0), w.holder(10)), List.of(w.holder(1)))));
    w.moments(ATTEMPT, 0, 1);
    w.settled();
    assertThat(w.pushed).hasSize(3);
    w.pushed.poll().release().run();
    w.pushed.poll().release().run();
    assertThat(w.compute.lent()).isOne();
    w.pushed.poll().release().run();
    assertThat(w.compute.lent()).isZero();
  }

  @Test
  void aPollIsAnsweredWithWhetherEveryGradientOfTheStepIsOnItsWay() {
    WorkerFixture w = begun();
    w.compute.gate("backward");
    assertThat(w.hasPushed(0)).isFalse();
    w.worker.tell(new GpuWorker.Assigned(ATTEMPT, 0, 2, false, List.of(2), List.of(0, 1, 2)));
    w.settled();
    w.moments(ATTEMPT, 0, 1);
    w.settled();
    w.compute.let("backward");
    w.settled();
    assertThat(w.hasPushed(0)).as("the other group is still computed").isFalse();
    w.compute.let("backward");
    w.settled();
    assertThat(w.hasPushed(0)).isTrue();
    assertThat(w.hasPushed(1)).isFalse();
    w.parameters(1);
    w.settled();
    assertThat(w.hasPushed(0)).as("an old question").isTrue();
    assertThat(w.hasPushed(1)).isFalse();
  }
}
