package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.GpuWorker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the barrier does with messages that are stale, come twice, or in another order; who leaves
 * and who comes. Workers a and b with two shards each; slice 0 is kept by a, slice 1 by b.
 */
class StepProtocolTest {
  private static final ActorTestKit KIT = ActorTestKit.create();
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Duration LONG = Duration.ofSeconds(10);
  private static final double[] SQUARES = {9, 16};
  private static final Assignment FIRST = new Assignment(1, List.of("a", "a", "b", "b"));

  @TempDir Path folder;
  private TestProbe<Ledger.Command> ledger;
  private TestProbe<Supervisor.Command> supervisor;
  private final Map<String, TestProbe<GpuWorker.Command>> workers = new LinkedHashMap<>();
  private final Map<String, TestProbe<ParameterShard.Command>> slices = new LinkedHashMap<>();
  private ActorRef<ParameterServer.Command> server;

  private static final List<Set<String>> NONE_EMPTY = List.of(Set.of(), Set.of());

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void probes() {
    ledger = KIT.createTestProbe(Ledger.Command.class);
    supervisor = KIT.createTestProbe(Supervisor.Command.class);
    for (String id : List.of("a", "b", "c")) {
      workers.put(id, KIT.createTestProbe(GpuWorker.Command.class));
      slices.put(id, KIT.createTestProbe(ParameterShard.Command.class));
    }
    server =
        KIT.spawn(
            ParameterServer.create(
                RunFixture.in(folder).settings("deadlines.step = 60s").facts(), ledger.ref()));
  }

  private Map<String, ActorRef<GpuWorker.Command>> refs(String... ids) {
    Map<String, ActorRef<GpuWorker.Command>> refs = new LinkedHashMap<>();
    List.of(ids).forEach(id -> refs.put(id, workers.get(id).ref()));
    return refs;
  }

  private Holder holder(String id) {
    return new Holder(id, slices.get(id).ref(), new LaneAddress(id, 1));
  }

  private void begin() {
    begin(List.of(List.of(holder("a")), List.of(holder("b"))));
  }

  private void begin(List<List<Holder>> holders) {
    begin(holders, NONE_EMPTY);
  }

  private void begin(List<List<Holder>> holders, List<Set<String>> empty) {
    server.tell(
        new ParameterServer.Begin(
            0, 0, FIRST, refs("a", "b"), holders, empty, null, supervisor.ref()));
    server.tell(new ParameterServer.Resumed(0, new Ledger.TableStamp(2, "f00d")));
    assertThat(fish(worker("b"), GpuWorker.Assigned.class).all()).containsExactly(2, 3);
    assertThat(fish(worker("a"), GpuWorker.Assigned.class).all()).containsExactly(0, 1);
  }

  private TestProbe<GpuWorker.Command> worker(String id) {
    return workers.get(id);
  }

  private void score(long step, long number, String worker, int... shards) {
    scored(1, step, number, worker, 4, shards);
  }

  private void scored(
      long attempt, long step, long number, String worker, double cost, int... shards) {
    for (int shard : shards) {
      List<ShardScore> one = List.of(SomeScores.shard(shard, cost));
      server.tell(new ParameterServer.Scored(attempt, step, number, worker, one, null));
    }
  }

  private void summed(long step, long number, int slice, String holder) {
    server.tell(new ParameterServer.SliceSummed(1, step, number, slice, holder, SQUARES));
  }

  private void scoreAll(long step, long number) {
    score(step, number, "a", 0, 1);
    score(step, number, "b", 2, 3);
  }

  private void step(long step, long number) {
    scoreAll(step, number);
    summed(step, number, 0, "a");
    summed(step, number, 1, "b");
  }

  private ParameterServer.Reassign lost(String lost, long number, List<String> owners) {
    String[] left =
        workers.keySet().stream()
            .filter(id -> !id.equals(lost) && owners.contains(id))
            .toArray(String[]::new);
    return new ParameterServer.Reassign(
        new Assignment(number, owners), refs(left), lost, lost + " is lost");
  }

  private static <M, T extends M> T fish(TestProbe<M> probe, Class<T> kind) {
    return kind.cast(
        probe
            .fishForMessage(
                LONG,
                message ->
                    kind.isInstance(message)
                        ? FishingOutcomes.complete()
                        : FishingOutcomes.continueAndIgnore())
            .get(0));
  }

  private long committed() {
    return fish(supervisor, Supervisor.StepCommitted.class).committedSteps();
  }

  // ---- scores -----------------------------------------------------------------------------------

  @Test
  void scoresOfAnotherAttemptStepOrAssignmentDoNotCount() {
    begin();
    score(0, 1, "b", 2, 3);
    scored(2, 0, 1, "a", 4, 0, 1);
    scored(1, 1, 1, "a", 4, 0, 1);
    scored(1, 0, 2, "a", 4, 0, 1);
    worker("a").expectNoMessage(SHORT);
    score(0, 1, "a", 0, 1);
    assertThat(fish(worker("a"), GpuWorker.StepMoments.class).step()).isZero();
  }

  @Test
  void scoresThatComeTwiceCountOnceAndTheFirstOnesCount() {
    begin();
    score(0, 1, "a", 0, 1);
    scored(1, 0, 1, "a", 400, 0, 1);
    worker("a").expectNoMessage(SHORT);
    score(0, 1, "b", 2, 3);
    GpuWorker.StepMoments moments = fish(worker("b"), GpuWorker.StepMoments.class);
    assertThat(moments.mean()).isEqualTo(4);
    assertThat(moments.count()).isEqualTo(4);
  }

  @Test
  void scoresOfALostWorkerDoNotCountOnceItsSharesHaveMoved() {
    begin(List.of(List.of(holder("a")), List.of(holder("a"))));
    score(0, 1, "a", 0);
    server.tell(lost("b", 2, List.of("a", "a", "a", "a")));
    scored(1, 0, 1, "b", 400, 2, 3);
    score(0, 1, "a", 1);
    fish(worker("a"), GpuWorker.Assigned.class);
    worker("a").expectNoMessage(SHORT);
  }

  // ---- sums -------------------------------------------------------------------------------------

  @Test
  void sumsOfAnotherAttemptStepAssignmentOrHolderDoNotCount() {
    begin();
    scoreAll(0, 1);
    summed(0, 1, 1, "b");
    server.tell(new ParameterServer.SliceSummed(2, 0, 1, 0, "a", SQUARES));
    summed(1, 1, 0, "a");
    summed(0, 2, 0, "a");
    summed(0, 1, 0, "c");
    ledger.expectNoMessage(SHORT);
    summed(0, 1, 0, "a");
    assertThat(committed()).isEqualTo(1);
  }

  @Test
  void aSumThatComesTwiceCommitsOneStep() {
    begin();
    step(0, 1);
    summed(0, 1, 1, "b");
    assertThat(committed()).isEqualTo(1);
    assertThat(fish(ledger, Ledger.CommitStep.class).step()).isZero();
    ledger.expectNoMessage(SHORT);
  }

  @Test
  void copiesThatDisagreeEndTheAttempt() {
    begin(List.of(List.of(holder("a"), holder("b")), List.of(holder("b"))));
    scoreAll(0, 1);
    summed(0, 1, 0, "a");
    server.tell(new ParameterServer.SliceSummed(1, 0, 1, 0, "b", new double[] {9, 17}));
    assertThat(fish(supervisor, Supervisor.SlicesLost.class).reason())
        .contains("copies of slice 0 in a and b differ");
    ledger.expectNoMessage(SHORT);
  }

  @Test
  void whoKeepsNoCopyAnyMoreDisagreesWithNobody() {
    begin(List.of(List.of(holder("a"), holder("b")), List.of(holder("b"))));
    server.tell(lost("a", 2, List.of("b", "b", "b", "b")));
    server.tell(new ParameterServer.SliceSummed(1, 0, 2, 0, "a", new double[] {1, 1}));
    score(0, 2, "b", 0, 1);
    score(0, 1, "b", 2, 3);
    summed(0, 2, 0, "b");
    summed(0, 2, 1, "b");
    assertThat(committed()).isEqualTo(1);
  }

  // ---- ledger -----------------------------------------------------------------------------------

  @Test
  void acknowledgementsThatComeTwiceOrLateAcknowledgeNothingMore() {
    begin();
    for (int step = 0; step < 4; step++) {
      step(step, 1);
      assertThat(committed()).isEqualTo(step + 1L);
    }
    ActorRef<Ledger.StepStored> stored = fish(ledger, Ledger.CommitStep.class).replyTo();
    stored.tell(new Ledger.StepStored(0));
    step(4, 1);
    assertThat(committed()).isEqualTo(5);
    // Four are under way again: 1 to 4.
    stored.tell(new Ledger.StepStored(0));
    stored.tell(new Ledger.StepStored(-1));
    step(5, 1);
    supervisor.expectNoMessage(SHORT);
    stored.tell(new Ledger.StepStored(3));
    stored.tell(new Ledger.StepStored(2));
    assertThat(committed()).isEqualTo(6);
  }

  // ---- positions and what is due ----------------------------------------------------------------

  @Test
  void whatIsToldOfAnOldBoundaryDoesNotBringItsRewritesBack() {
    begin();
    server.tell(new ParameterServer.Resumed(0, new Ledger.TableStamp(1, "01d")));
    step(0, 1);
    assertThat(fish(slices.get("a"), ParameterShard.Apply.class).record().table().version())
        .isEqualTo(2);
    server.tell(new ParameterServer.Resumed(1, new Ledger.TableStamp(3, "new")));
    server.tell(new ParameterServer.Resumed(0, new Ledger.TableStamp(1, "01d")));
    step(1, 1);
    assertThat(fish(slices.get("a"), ParameterShard.Apply.class).record().table().version())
        .isEqualTo(3);
  }

  @Test
  void aPositionInAnOldStepIsNoAnswer() {
    server =
        KIT.spawn(
            ParameterServer.create(
                RunFixture.in(folder)
                    .settings("deadlines { step = 500ms, ledger-acknowledgement = 450ms }")
                    .facts(),
                ledger.ref()));
    begin();
    step(0, 1);
    Supervisor.StepOverdue overdue;
    int polls = 0;
    do {
      // On a slow machine an answer may be late; everybody is asked again.
      fish(worker("b"), GpuWorker.Poll.class);
      server.tell(new ParameterServer.Position("a", 1, false));
      server.tell(new ParameterServer.Position("b", 0, true));
      overdue = fish(supervisor, Supervisor.StepOverdue.class);
    } while (overdue.late().size() == 2 && polls++ < 10);
    assertThat(overdue.late()).containsExactly("b");
    assertThat(overdue.reason()).contains("not answering: [b]");
  }

  @Test
  void aHaltThatIsToldTwiceEndsAfterTheStepInFlight() {
    begin();
    server.tell(new ParameterServer.Halt("enough"));
    server.tell(new ParameterServer.Halt("enough"));
    step(0, 1);
    Supervisor.StepCommitted last = fish(supervisor, Supervisor.StepCommitted.class);
    assertThat(last.last()).isTrue();
    assertThat(fish(slices.get("a"), ParameterShard.Apply.class).snapshot()).isTrue();
    step(1, 1);
    server.tell(lost("b", 2, List.of("a", "a", "a", "a")));
    server.tell(new ParameterServer.Halt("enough"));
    supervisor.expectNoMessage(SHORT);
  }

  // ---- shares that move -------------------------------------------------------------------------

  @Test
  void aLossBeforeTheFirstStepOrOfNobodyKnownMovesNothing() {
    server.tell(lost("b", 2, List.of("a", "a", "a", "a")));
    begin();
    server.tell(lost("c", 2, List.of("a", "a", "b", "b")));
    worker("a").expectNoMessage(SHORT);
    step(0, 1);
    assertThat(committed()).isEqualTo(1);
  }

  @Test
  void aLossThatIsToldTwiceMovesSharesOnce() {
    begin(List.of(List.of(holder("a"), holder("b")), List.of(holder("a"))));
    ParameterServer.Reassign gone = lost("b", 2, List.of("a", "a", "a", "a"));
    server.tell(gone);
    server.tell(gone);
    assertThat(fish(worker("a"), GpuWorker.Assigned.class).now()).containsExactly(2, 3);
    worker("a").expectNoMessage(SHORT);
  }

  @Test
  void theOnlyCopyOfALostWorkerEndsTheAttempt() {
    begin();
    server.tell(lost("b", 2, List.of("a", "a", "a", "a")));
    assertThat(fish(supervisor, Supervisor.SlicesLost.class).reason())
        .contains("worker b kept the only copy of slices [1]");
  }

  @Test
  void theCopyThatIsLeftSendsTheParametersOut() {
    begin(List.of(List.of(holder("a"), holder("b")), List.of(holder("b"))));
    server.tell(lost("a", 2, List.of("b", "b", "b", "b")));
    fish(slices.get("b"), ParameterShard.Publish.class);
    GpuWorker.Holders now = fish(worker("b"), GpuWorker.Holders.class);
    assertThat(now.lanes().get(0)).containsExactly(new LaneAddress("b", 1));
  }

  @Test
  void aLossWhileSharesAreAboutToMoveLeavesTheOthersWhereTheyAreInTheStepInFlight() {
    begin(List.of(List.of(holder("a"), holder("b")), List.of(holder("a"))));
    Assignment wider = new Assignment(2, List.of("c", "c", "a", "b"));
    server.tell(new ParameterServer.Rebalance(wider, refs("a", "b", "c")));
    server.tell(lost("b", 3, List.of("c", "c", "a", "a")));
    GpuWorker.Assigned now = fish(worker("a"), GpuWorker.Assigned.class);
    assertThat(now.all()).as("shards 0 and 1 stay with a in this step").contains(0, 1);
    assertThat(now.now()).as("it computes only what was b's").doesNotContain(0, 1);
    score(0, 1, "a", 0, 1);
    score(0, now.number(), "a", 2, 3);
    summed(0, now.number(), 0, "a");
    summed(0, now.number(), 1, "a");
    assertThat(committed()).isEqualTo(1);
    fish(worker("c"), GpuWorker.Assigned.class);
    GpuWorker.Assigned next = fish(worker("c"), GpuWorker.Assigned.class);
    assertThat(next.step()).isEqualTo(1);
    assertThat(next.all()).containsExactly(0, 1);
  }

  @Test
  void sharesThatAreToMoveAfterALossMoveAtTheNextStep() {
    begin(List.of(List.of(holder("a")), List.of(holder("a"))));
    server.tell(lost("b", 2, List.of("a", "a", "a", "a")));
    Assignment wider = new Assignment(3, List.of("a", "a", "c", "c"));
    server.tell(new ParameterServer.Rebalance(wider, refs("a", "c")));
    worker("c").expectNoMessage(SHORT);
    score(0, 1, "a", 0, 1);
    score(0, 2, "a", 2, 3);
    summed(0, 2, 0, "a");
    summed(0, 2, 1, "a");
    assertThat(committed()).isEqualTo(1);
    assertThat(fish(supervisor, Supervisor.AssignmentMoved.class).assignment()).isEqualTo(wider);
    assertThat(fish(worker("c"), GpuWorker.Assigned.class).all()).containsExactly(2, 3);
  }

  @Test
  void aNewCopyOfAWorkerThatIsLostMeanwhileIsNeitherFilledNorWaitedFor() {
    begin(List.of(List.of(holder("a")), List.of(holder("a"))));
    server.tell(new ParameterServer.AddHolder(0, holder("b")));
    server.tell(lost("b", 2, List.of("a", "a", "a", "a")));
    for (int step = 0; step < 2; step++) {
      score(step, step == 0 ? 1 : 2, "a", 0, 1);
      score(step, 2, "a", 2, 3);
      summed(step, 2, 0, "a");
      summed(step, 2, 1, "a");
      assertThat(committed()).isEqualTo(step + 1L);
    }
    slices.get("b").expectNoMessage(SHORT);
  }

  @Test
  void aCopyThatTheLostOneWasFillingIsFilledByAnother() {
    begin(List.of(List.of(holder("a"), holder("b")), List.of(holder("b"), holder("a"))));
    server.tell(new ParameterServer.AddHolder(0, holder("c")));
    step(0, 1);
    summed(0, 1, 0, "b");
    summed(0, 1, 1, "a");
    assertThat(committed()).isEqualTo(1);
    ParameterShard.Feed feed = new ParameterShard.Feed(1, new LaneAddress("c", 1));
    assertThat(fish(slices.get("a"), ParameterShard.Feed.class)).isEqualTo(feed);
    server.tell(lost("a", 2, List.of("b", "b", "b", "b")));
    assertThat(fish(slices.get("b"), ParameterShard.Feed.class)).isEqualTo(feed);
    score(1, 1, "b", 2, 3);
    score(1, 2, "b", 0, 1);
    summed(1, 2, 0, "b");
    summed(1, 2, 1, "b");
    summed(1, 2, 0, "c");
    assertThat(committed()).isEqualTo(2);
  }

  @Test
  void aCopyThatATakeOverIsStillFillingSavesNoSlice() {
    begin(
        List.of(List.of(holder("a"), holder("b")), List.of(holder("b"))),
        List.of(Set.of("b"), Set.of()));
    server.tell(lost("a", 2, List.of("b", "b", "b", "b")));
    assertThat(fish(supervisor, Supervisor.SlicesLost.class).reason())
        .contains("worker a kept the only copy of slices [0]");
  }

  // ---- who leaves -------------------------------------------------------------------------------

  /** From step 1 on b computes everything, and is the second one that keeps slice 0. */
  private void drainA() {
    Assignment rest = new Assignment(2, List.of("b", "b", "b", "b"));
    server.tell(new ParameterServer.Rebalance(rest, refs("a", "b")));
    server.tell(new ParameterServer.Drain("a", 1));
    server.tell(new ParameterServer.Drain("a", 1));
    server.tell(new ParameterServer.AddHolder(0, holder("b")));
    step(0, 1);
    assertThat(committed()).isEqualTo(1);
    assertThat(fish(supervisor, Supervisor.AssignmentMoved.class).assignment()).isEqualTo(rest);
  }

  private void stepOfB(long step) {
    score(step, 2, "b", 0, 1, 2, 3);
    summed(step, 2, 1, "b");
    summed(step, 2, 0, "b");
  }

  @Test
  void whoLeavesGoesWhenTheNewCopyHasSummedAStepAndNotBefore() {
    begin();
    drainA();
    assertThat(fish(slices.get("a"), ParameterShard.Feed.class))
        .isEqualTo(new ParameterShard.Feed(1, new LaneAddress("b", 1)));
    assertThat(fish(worker("a"), GpuWorker.Assigned.class).all()).as("its share").isEmpty();
    supervisor.expectNoMessage(SHORT);
    stepOfB(1);
    supervisor.expectNoMessage(SHORT);
    summed(1, 2, 0, "a");
    assertThat(committed()).isEqualTo(2);
    assertThat(supervisor.expectMessageClass(Supervisor.Drained.class))
        .isEqualTo(new Supervisor.Drained("a", 2));
    fish(slices.get("a"), ParameterShard.Apply.class);
    fish(slices.get("b"), ParameterShard.Publish.class);
    // From here on nothing of it is waited for, and it is told nothing.
    stepOfB(2);
    assertThat(committed()).isEqualTo(3);
    slices.get("a").expectNoMessage(SHORT);
    supervisor.expectNoMessage(SHORT);
  }

  @Test
  void whoWasLetGoIsNotBroughtBackByAnAssignmentThatDoesNotKnowIt() {
    begin();
    drainA();
    stepOfB(1);
    summed(1, 2, 0, "a");
    fish(supervisor, Supervisor.Drained.class);
    GpuWorker.StepMoments last;
    do {
      last = fish(worker("a"), GpuWorker.StepMoments.class);
    } while (last.step() == 0);
    Assignment late = new Assignment(3, List.of("b", "b", "c", "c"));
    server.tell(new ParameterServer.Rebalance(late, refs("a", "b", "c")));
    server.tell(new ParameterServer.Drain("a", 1));
    stepOfB(2);
    assertThat(fish(worker("c"), GpuWorker.Assigned.class).all()).containsExactly(2, 3);
    worker("a").expectNoMessage(SHORT);
    assertThat(committed()).isEqualTo(3);
    fish(supervisor, Supervisor.AssignmentMoved.class);
    supervisor.expectNoMessage(SHORT);
  }

  @Test
  void twoThatLeaveTogetherAreNotLetGoForTheSakeOfEachOthersCopies() {
    Holder a = holder("a");
    Holder b = holder("b");
    begin(List.of(List.of(a, b), List.of(b, a)));
    Assignment rest = new Assignment(2, List.of("c", "c", "c", "c"));
    server.tell(new ParameterServer.Rebalance(rest, refs("a", "b", "c")));
    server.tell(new ParameterServer.Drain("a", 1));
    server.tell(new ParameterServer.Drain("b", 1));
    server.tell(new ParameterServer.AddHolder(0, holder("c")));
    step(0, 1);
    summed(0, 1, 0, "b");
    summed(0, 1, 1, "a");
    assertThat(committed()).isEqualTo(1);
    server.tell(new ParameterServer.AddHolder(1, holder("c")));
    score(1, 2, "c", 0, 1, 2, 3);
    for (String id : List.of("a", "b", "c")) {
      summed(1, 2, 0, id);
    }
    summed(1, 2, 1, "a");
    summed(1, 2, 1, "b");
    assertThat(committed()).isEqualTo(2);
    supervisor.expectNoMessage(SHORT);
    score(2, 2, "c", 0, 1, 2, 3);
    for (String id : List.of("a", "b", "c")) {
      summed(2, 2, 0, id);
      summed(2, 2, 1, id);
    }
    assertThat(committed()).isEqualTo(3);
    supervisor.expectMessage(new Supervisor.Drained("a", 3));
    supervisor.expectMessage(new Supervisor.Drained("b", 3));
  }

  @Test
  void whoseOnlyOtherCopyMayNotBeFilledYetTakesTheSliceWithIt() {
    begin();
    drainA();
    server.tell(lost("a", 3, List.of("b", "b", "b", "b")));
    assertThat(fish(supervisor, Supervisor.SlicesLost.class).reason())
        .contains("worker a kept the only copy of slices [0]");
  }

  @Test
  void nobodyIsLetGoAfterTheLastStep() {
    begin();
    drainA();
    server.tell(new ParameterServer.Halt("enough"));
    stepOfB(1);
    summed(1, 2, 0, "a");
    assertThat(fish(supervisor, Supervisor.StepCommitted.class).last()).isTrue();
    supervisor.expectNoMessage(SHORT);
    // Of step 0 it is told as the keeper of slice 1, of step 1 as that of both.
    assertThat(fish(slices.get("b"), ParameterShard.Apply.class).step()).isZero();
    assertThat(fish(slices.get("b"), ParameterShard.Apply.class).snapshot()).isTrue();
    assertThat(fish(slices.get("b"), ParameterShard.Apply.class).snapshot()).isTrue();
    slices.get("b").expectNoMessage(SHORT);
  }
}
