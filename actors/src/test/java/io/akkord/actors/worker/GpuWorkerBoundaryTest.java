package io.akkord.actors.worker;

import static io.akkord.actors.worker.WorkerFixture.ATTEMPT;
import static io.akkord.actors.worker.WorkerFixture.NO_REWRITES;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import io.akkord.actors.RunFixture;
import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.supervisor.Supervisor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a worker does between steps and at its end; the run has a boundary after every two steps.
 */
class GpuWorkerBoundaryTest {
  private static final TableStamp FIRST = new TableStamp(1, "first");
  private static final TableStamp SECOND = new TableStamp(2, "second");

  private static final ActorTestKit KIT = WorkerFixture.kit();

  @TempDir static Path folder;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  private static WorkerFixture begun() {
    return new WorkerFixture(
            KIT, RunFixture.in(folder).recipe("max_steps: 6\nsave_steps: 2\nrewrite: false\n"))
        .begun();
  }

  /** Stands after two steps and waits. */
  private static WorkerFixture atTheBoundary() {
    WorkerFixture w = begun();
    w.parameters(2);
    assertThat(w.scored()).as("nobody has told it to proceed").isEmpty();
    w.compute.calls();
    return w;
  }

  // ---- proceed ----------------------------------------------------------------------------------

  @Test
  void anOlderProceedAfterANewerOneChangesNothing() {
    WorkerFixture w = atTheBoundary();
    w.worker.tell(new GpuWorker.Proceed(2, FIRST));
    w.worker.tell(new GpuWorker.Proceed(0, NO_REWRITES));
    w.table(FIRST, 1);
    assertThat(w.scored()).containsExactly("step 2 under 1: [0, 1, 2, 3]");
    w.worker.tell(new GpuWorker.Proceed(0, NO_REWRITES));
    assertThat(w.pulls()).as("it has what is in force").isEmpty();
  }

  @Test
  void aProceedThatIsRepeatedIsFollowedOnce() {
    WorkerFixture w = atTheBoundary();
    w.worker.tell(new GpuWorker.Proceed(2, NO_REWRITES));
    w.worker.tell(new GpuWorker.Proceed(2, NO_REWRITES));
    assertThat(w.scored()).containsExactly("step 2 under 1: [0, 1, 2, 3]");
    assertThat(w.pulls()).isEmpty();
  }

  @Test
  void aProceedBeforeItsParametersWaitsForThem() {
    WorkerFixture w = begun();
    w.worker.tell(new GpuWorker.Proceed(2, NO_REWRITES));
    assertThat(w.scored()).isEmpty();
    w.parameters(2);
    assertThat(w.scored()).containsExactly("step 2 under 1: [0, 1, 2, 3]");
  }

  @Test
  void aBoundaryIsNotPassedOverByParametersThatAreFasterThanItsProceed() {
    WorkerFixture w = begun();
    w.parameters(3);
    assertThat(w.scored()).isEmpty();
    w.worker.tell(new GpuWorker.Proceed(2, NO_REWRITES));
    assertThat(w.scored()).containsExactly("step 3 under 1: [0, 1, 2, 3]");
  }

  // ---- rewrite tables ---------------------------------------------------------------------------

  @Test
  void aTableOfAnotherStampIsNotComputedWith() {
    WorkerFixture w = atTheBoundary();
    w.worker.tell(new GpuWorker.Proceed(2, SECOND));
    w.table(FIRST, 1);
    assertThat(w.scored()).isEmpty();
    assertThat(w.compute.calls()).isEmpty();
    assertThat(w.pulls()).as("asked again only after a while").isEmpty();
    w.timePasses(Duration.ofMinutes(5));
    w.table(SECOND, 2);
    assertThat(w.scored()).containsExactly("step 2 under 1: [0, 1, 2, 3]");
    assertThat(w.compute.calls()).startsWith("table of 2");
  }

  @Test
  void aTableThatDoesNotComeIsAskedForAgain() {
    WorkerFixture w = atTheBoundary();
    w.worker.tell(new GpuWorker.Proceed(2, FIRST));
    assertThat(w.pulls()).hasSize(1);
    w.timePasses(Duration.ofMinutes(5));
    w.table(FIRST, 1);
    assertThat(w.scored()).containsExactly("step 2 under 1: [0, 1, 2, 3]");
    w.timePasses(Duration.ofMinutes(5));
    assertThat(w.pulls()).isEmpty();
  }

  @Test
  void laterParametersDoNotLetItComputeWithTheTableOfBefore() {
    WorkerFixture w = atTheBoundary();
    w.worker.tell(new GpuWorker.Proceed(2, FIRST));
    w.parameters(3);
    assertThat(w.scored()).isEmpty();
    w.table(FIRST, 1);
    assertThat(w.scored()).containsExactly("step 3 under 1: [0, 1, 2, 3]");
  }

  @Test
  void aSecondAnswerIsNotUsedAgain() {
    WorkerFixture w = atTheBoundary();
    w.worker.tell(new GpuWorker.Proceed(2, FIRST));
    w.settled();
    w.timePasses(Duration.ofMinutes(5));
    w.compute.gate("table");
    w.table(FIRST, 1);
    w.settled();
    w.compute.let("table");
    assertThat(w.scored()).containsExactly("step 2 under 1: [0, 1, 2, 3]");
    assertThat(w.compute.calls()).containsExactly("table of 1", "forward 2 under 1: [0, 1, 2, 3]");
  }

  @Test
  void aNewerProceedWhileATableIsTakenLeadsToTheNewerTable() {
    WorkerFixture w = begun();
    w.compute.gate("table");
    w.worker.tell(new GpuWorker.Proceed(2, FIRST));
    w.table(FIRST, 1);
    w.settled();
    w.worker.tell(new GpuWorker.Proceed(4, SECOND));
    w.parameters(4);
    w.settled();
    w.compute.let("table");
    assertThat(w.scored()).as("the first table is not in force any more").isEmpty();
    w.table(SECOND, 2);
    w.settled();
    w.compute.let("table");
    assertThat(w.scored()).containsExactly("step 4 under 1: [0, 1, 2, 3]");
    assertThat(w.compute.calls()).contains("table of 1", "table of 2");
  }

  // ---- evaluation and rewriting -----------------------------------------------------------------

  @Test
  void evaluationsWaitForTheirVersion() {
    WorkerFixture w = begun();
    w.worker.tell(new GpuWorker.Evaluate(2, 5));
    w.settled();
    assertThat(w.compute.calls()).isEmpty();
    w.parameters(2);
    w.settled();
    assertThat(w.compute.calls()).containsExactly("install [2.0, 2.0, 2.0, 2.0]", "evaluate 5");
    Supervisor.Evaluated told = w.tells(Supervisor.Evaluated.class);
    assertThat(told.committedSteps()).isEqualTo(2);
    assertThat(told.score().group()).isEqualTo(5);
  }

  @Test
  void evaluationsOfAVersionThatIsGoneAreNotDoneWithAnother() {
    WorkerFixture w = atTheBoundary();
    w.worker.tell(new GpuWorker.Evaluate(1, 5));
    w.settled();
    w.compute.gate("install");
    w.parameters(3);
    w.settled();
    w.worker.tell(new GpuWorker.Evaluate(2, 6));
    w.settled();
    w.compute.let("install");
    w.settled();
    assertThat(w.compute.calls()).noneMatch(call -> call.startsWith("evaluate"));
  }

  @Test
  void groupsAreRewrittenWithTheirVersionAndNoOther() {
    WorkerFixture w = begun();
    RewriteGroup group = new RewriteGroup(0, 3, List.of());
    w.worker.tell(new GpuWorker.Rewrite(2, group, WorkerFixture.NO_REWRITES));
    w.settled();
    assertThat(w.compute.calls()).isEmpty();
    w.parameters(2);
    Supervisor.GroupRewritten told = w.tells(Supervisor.GroupRewritten.class);
    assertThat(told.committedSteps()).isEqualTo(2);
    assertThat(told.group()).isEqualTo(3);
    assertThat(w.compute.calls()).contains("rewrite 3 with 2");
    w.worker.tell(new GpuWorker.Rewrite(1, group, WorkerFixture.NO_REWRITES));
    w.settled();
    assertThat(w.compute.calls()).noneMatch(call -> call.startsWith("rewrite"));
  }

  /** Which comes in the middle of a cycle: what is rewritten may be a rewrite itself. */
  @Test
  void whoHasNoTableYetTakesItBeforeItRewrites() {
    List<String> done = new ArrayList<>();
    WorkerFixture w = new WorkerFixture(KIT, RunFixture.in(folder));
    w.parameters(2);
    w.worker.tell(new GpuWorker.Rewrite(2, new RewriteGroup(0, 3, List.of()), FIRST));
    w.worker.tell(new GpuWorker.Rewrite(2, new RewriteGroup(0, 4, List.of()), FIRST));
    w.settled();
    assertThat(w.compute.calls()).noneMatch(call -> call.startsWith("rewrite"));
    w.table(FIRST, 1);
    WorkerFixture.await(() -> done.addAll(w.compute.calls()) && done.size() == 3, "both rewrites");
    assertThat(done).containsExactly("table of 1", "rewrite 3 with 2", "rewrite 4 with 2");
    w.worker.tell(new GpuWorker.Proceed(2, SECOND));
    w.table(SECOND, 2);
    w.settled();
    w.worker.tell(new GpuWorker.Rewrite(2, new RewriteGroup(0, 5, List.of()), FIRST));
    w.settled();
    assertThat(w.compute.calls()).as("of a cycle that is over").doesNotContain("rewrite 5 with 2");
  }

  // ---- the end ----------------------------------------------------------------------------------

  @Test
  void whoLeavesInMidStepClosesAfterTheLastReaderOfItsGradient() {
    WorkerFixture w = begun();
    w.moments(ATTEMPT, 0, 1);
    w.settled();
    CompletableFuture<Void> half = w.parameters(1, 0, 1);
    w.settled();
    w.compute.calls();
    w.worker.tell(new GpuWorker.Leave("it must"));
    w.awaitEnd();
    assertThat(half).isDone();
    assertThat(w.compute.calls()).isEmpty();
    w.pushed.poll().release().run();
    assertThat(w.compute.calls()).isEmpty();
    w.pushed.poll().release().run();
    assertThat(w.compute.calls()).containsExactly("close");
    assertThat(w.compute.lent()).isZero();
  }

  @Test
  void whoLeavesWhileParametersAreReadKeepsThemUntilTheyWereRead() {
    WorkerFixture w = begun();
    w.compute.gate("install");
    List<CompletableFuture<Void>> read = w.parameters(1);
    w.settled();
    w.worker.tell(new GpuWorker.Leave("it must"));
    w.awaitEnd();
    assertThat(read).noneMatch(CompletableFuture::isDone);
    w.compute.let("install");
    assertThat(w.compute.calls()).contains("install [1.0, 1.0, 1.0, 1.0]");
    assertThat(read).allMatch(CompletableFuture::isDone);
  }

  @Test
  void whoLeavesWhileItScoresTellsNobody() {
    WorkerFixture w = begun();
    w.compute.gate("forward");
    w.parameters(1);
    w.settled();
    w.worker.tell(new GpuWorker.Leave("it must"));
    w.awaitEnd();
    w.compute.let("forward");
    assertThat(w.told(Supervisor.WorkerFailed.class)).isEmpty();
    assertThat(w.compute.calls()).endsWith("close");
  }

  @Test
  void aDeviceThatFailsIsToldWithWhatItDidBeforeTheWorkerEnds() {
    WorkerFixture w = begun();
    w.compute.gate("forward");
    w.parameters(1);
    w.settled();
    w.compute.fail("forward", "out of memory");
    assertThat(w.tells(Supervisor.WorkerFailed.class))
        .isEqualTo(new Supervisor.WorkerFailed("w", "scoring step 1: out of memory"));
    w.awaitEnd();
  }
}
