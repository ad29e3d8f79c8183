package io.akkord.actors.supervisor;

import static io.akkord.actors.supervisor.SupervisorFixture.CANARY;
import static io.akkord.actors.supervisor.SupervisorFixture.MACHINE;
import static io.akkord.actors.supervisor.SupervisorFixture.fish;
import static io.akkord.actors.supervisor.SupervisorFixture.joining;
import static io.akkord.actors.supervisor.SupervisorFixture.none;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.persistence.testkit.javadsl.PersistenceTestKit;
import io.akkord.actors.RunFixture;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.supervisor.SupervisorFixture.Worker;
import io.akkord.actors.worker.Compute.EvalScore;
import io.akkord.actors.worker.Compute.EvalSums;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.WorkerHost;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who takes part in a run, and what is not listened to. */
class SupervisorTest {
  private static final ActorTestKit KIT = SupervisorFixture.kit();
  private static final String OTHER_MACHINE = "AVX512, libtorch 2.8.0";

  @TempDir Path folder;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  private SupervisorFixture supervisor() {
    return new SupervisorFixture(KIT, RunFixture.in(folder));
  }

  private SupervisorFixture supervisor(String settings) {
    return new SupervisorFixture(KIT, RunFixture.in(folder).settings(settings));
  }

  @Test
  void anEndThatComesBeforeTheBeginningAndCannotBeWrittenIsWrittenAgain() {
    SupervisorFixture run = supervisor().workers(1);
    PersistenceTestKit.create(KIT.system()).failNextPersisted("supervisor|" + run.facts.runId());
    run.start();
    run.ref.tell(new Supervisor.Headless("the parameter server stopped"));
    assertThat(run.ended().outcome()).isEqualTo(Supervisor.HEADLESS);
  }

  // ---- the canary -------------------------------------------------------------------------------

  @Test
  void aWorkerThatComputesOtherBitsIsSentAwayAndTheOthersBegin() {
    SupervisorFixture run = supervisor().workers(2).start();
    Worker a = run.join("a");
    Worker b = run.worker("b");
    run.join(b, "other-bits", OTHER_MACHINE);
    String reason = fish(b.worker(), GpuWorker.Leave.class).reason();
    assertThat(reason)
        .contains("worker b is refused", "it has " + OTHER_MACHINE, "was begun on " + MACHINE);
    assertThat(fish(b.host(), WorkerHost.StopRun.class).attempt()).isEqualTo(1);
    run.note("worker b is refused", OTHER_MACHINE, MACHINE);
    run.note("the run starts with 1 of 2 workers");
    run.keep(a, 2);
    assertThat(run.begun().workers()).containsOnlyKeys("a");
    a.worker().expectMessageClass(GpuWorker.Proceed.class);
  }

  @Test
  void aRunGoesOnWithoutAWorkerThatComesInItsMiddleAndComputesOtherBits() {
    SupervisorFixture run = supervisor();
    List<Worker> all = run.train("a", "b");
    Worker late = run.worker("late");
    run.join(late, "other-bits", OTHER_MACHINE);
    fish(late.worker(), GpuWorker.Leave.class);
    run.note("worker late is refused");
    run.committed(1, false);
    assertThat(fish(run.events, RunEvent.Step.class).report().step()).isZero();
    none(run.server, ParameterServer.Command.class);
    none(all.get(0).worker(), GpuWorker.Leave.class);
  }

  @Test
  void aRunThatGoesOnWhereNobodyComputesItsBitsFailsAndSaysWhy() {
    SupervisorFixture run = supervisor().workers(1).start();
    Worker first = run.join("first");
    run.keep(first, 2);
    run.begun();
    run.ref.tell(new Supervisor.Headless("its node is lost"));
    assertThat(run.ended().outcome()).isEqualTo(Supervisor.HEADLESS);
    run.workers(2).start(2);
    for (String id : List.of("a", "b")) {
      Worker worker = run.worker(id);
      run.join(worker, "other-bits", OTHER_MACHINE);
      fish(worker.worker(), GpuWorker.Leave.class);
    }
    RunEvent.Ended ended = run.ended();
    assertThat(ended.outcome()).isEqualTo("failed");
    assertThat(ended.reason())
        .contains("no worker could start", "worker a is refused", "worker b is refused")
        .contains(OTHER_MACHINE, MACHINE);
    none(run.server, ParameterServer.Command.class);
  }

  @Test
  void theCanaryOfAnEarlierAttemptIsThatOfTheRun() {
    SupervisorFixture run = supervisor().workers(1).start();
    run.keep(run.join("first"), 2);
    run.begun();
    run.ref.tell(new Supervisor.Headless("its node is lost"));
    run.ended();
    run.workers(1).start(2);
    run.keep(run.join("again"), 2);
    assertThat(run.begun().workers()).containsOnlyKeys("again");
  }

  // ---- who is there -----------------------------------------------------------------------------

  @Test
  void aJoinThatComesTwiceChangesNothing() {
    SupervisorFixture run = supervisor();
    List<Worker> all = run.train("a", "b");
    run.join(all.get(0), CANARY, MACHINE);
    none(run.server, ParameterServer.Command.class);
    none(all.get(0).host(), WorkerHost.StartCopy.class);
  }

  @Test
  void whoWasGivenUpIsNotTakenBackByAJoinThatComesLate() {
    SupervisorFixture run = supervisor();
    Worker b = run.train("a", "b").get(1);
    run.ref.tell(new Supervisor.WorkerFailed("b", "its device is broken"));
    assertThat(fish(run.server, ParameterServer.Reassign.class).lost()).isEqualTo("b");
    fish(b.worker(), GpuWorker.Leave.class);
    run.join(b, CANARY, MACHINE);
    assertThat(fish(b.worker(), GpuWorker.Leave.class).reason()).contains("goes on without it");
    none(run.server, ParameterServer.Command.class);
  }

  @Test
  void aProcessThatWasStartedAgainUnderItsNameTakesThePlaceOfTheOldOne() {
    SupervisorFixture run = supervisor();
    Worker old = run.train("a", "b").get(1);
    Worker fresh = run.join("b");
    ParameterServer.Reassign reassign = fish(run.server, ParameterServer.Reassign.class);
    assertThat(reassign.lost()).isEqualTo("b");
    assertThat(reassign.workers()).containsOnlyKeys("a");
    fish(old.worker(), GpuWorker.Leave.class);
    ParameterServer.Rebalance rebalance = fish(run.server, ParameterServer.Rebalance.class);
    assertThat(rebalance.workers()).containsEntry("b", fresh.worker().ref());
    // The end of the old one comes late and is not taken for the end of the new one.
    old.worker().stop();
    none(run.server, ParameterServer.Reassign.class);
    fresh.worker().stop();
    assertThat(fish(run.server, ParameterServer.Reassign.class).lost()).isEqualTo("b");
  }

  @Test
  void aFailureThatIsToldTwiceIsOneLoss() {
    SupervisorFixture run = supervisor();
    run.train("a", "b");
    run.ref.tell(new Supervisor.WorkerFailed("b", "its device is broken"));
    run.ref.tell(new Supervisor.WorkerFailed("b", "it ended"));
    assertThat(fish(run.server, ParameterServer.Reassign.class).assignment().owners())
        .containsOnly("a");
    run.note("worker b is lost", "its device is broken");
    fish(run.events, RunEvent.Worker.class);
    none(run.server, ParameterServer.Command.class);
    none(run.events, RunEvent.class);
  }

  @Test
  void theLossOfAProcessIsTheLossOfItsWorkersAndOfNobodyElse() {
    SupervisorFixture run = supervisor();
    run.train("a", "b");
    run.ref.tell(new Supervisor.PeerLost("process-of-nobody", "end of stream"));
    none(run.server, ParameterServer.Command.class);
    run.ref.tell(new Supervisor.PeerLost("process-of-b", "silent for PT20S"));
    assertThat(fish(run.server, ParameterServer.Reassign.class).lost()).isEqualTo("b");
    assertThat(run.note("worker b is lost"))
        .contains("silent for PT20S", "in phase training")
        .containsPattern("b \\(this host, pid 4711; last heard of \\d+\\.\\d s ago\\)");
  }

  @Test
  void aCopyOfAWorkerThatIsLostMeanwhileIsNotCounted() {
    SupervisorFixture run = supervisor().replicas(0).workers(2).start();
    Worker a = run.join("a");
    Worker b = run.join("b");
    WorkerHost.StartCopy second = run.asked(b);
    run.ref.tell(new Supervisor.WorkerFailed("b", "its device is broken"));
    run.started(b, second);
    run.keep(a, 2);
    ParameterServer.Begin begin = run.begun();
    assertThat(begin.holders())
        .allSatisfy(of -> assertThat(of).extracting("id").containsExactly("a"));
  }

  @Test
  void theLastWorkerLostEndsTheAttemptForAnotherOne() {
    SupervisorFixture run = supervisor();
    run.train("a");
    run.ref.tell(new Supervisor.WorkerFailed("a", "its device is broken"));
    RunEvent.Ended ended = run.ended();
    assertThat(ended.outcome()).isEqualTo(Supervisor.LOST);
    assertThat(ended.reason()).contains("no worker is left", "its device is broken");
  }

  // ---- after the end ----------------------------------------------------------------------------

  @Test
  void whatComesAfterAStopBeforeTheFirstStepBeginsNothing() {
    SupervisorFixture run = supervisor().workers(1).start();
    Worker a = run.join("a");
    WorkerHost.StartCopy first = run.asked(a);
    WorkerHost.StartCopy second = run.asked(a);
    run.ref.tell(new Supervisor.Stop("enough"));
    assertThat(run.ended().outcome()).isEqualTo("stopped");
    run.started(a, first);
    run.started(a, second);
    run.join("late");
    run.committed(1, false);
    run.ref.tell(new Supervisor.WorkerFailed("a", "it ended"));
    run.ref.tell(new Supervisor.SlicesLost("all of them"));
    run.ref.tell(new Supervisor.Stop("enough, again"));
    none(run.server, ParameterServer.Command.class);
    none(run.events, RunEvent.class);
  }

  @Test
  void aRunThatIsStoppedIsSavedAndNothingLateChangesIt() {
    SupervisorFixture run = supervisor();
    List<Worker> all = run.train("a", "b");
    run.ref.tell(new Supervisor.Stop("enough"));
    run.ref.tell(new Supervisor.Stop("enough"));
    fish(run.server, ParameterServer.Halt.class);
    run.committed(1, true);
    save(run, 1);
    RunEvent.Ended ended = run.ended();
    assertThat(ended.outcome()).isEqualTo("stopped");
    assertThat(ended.reason()).isEqualTo("enough");
    assertThat(ended.committedSteps()).isEqualTo(1);
    run.committed(2, false);
    run.ref.tell(new Supervisor.StepOverdue(1, List.of(), "nobody"));
    all.get(0).worker().stop();
    none(run.events, RunEvent.class);
  }

  /** Ledger and checkpointer do what they are asked to. */
  static void save(SupervisorFixture run, long steps) {
    fish(run.ledger, Ledger.SaveTo.class).replyTo().tell(new Ledger.Saved(steps, 7, null, false));
    Checkpointer.Write write = fish(run.checkpointer, Checkpointer.Write.class);
    assertThat(write.committedSteps()).isEqualTo(steps);
    String name = "checkpoint-" + steps;
    write.replyTo().tell(new Checkpointer.Written(steps, name, 0.1, 0, null, List.of()));
  }

  // ---- what takes too long ----------------------------------------------------------------------

  private static final String WHO = "%s \\(this host, pid 4711; last heard of \\d+\\.\\d s ago\\)";

  @Test
  void aStepThatTakesTooLongNamesItsLateWorkersAndGivesThemUp() {
    SupervisorFixture run = supervisor();
    run.train("a", "b");
    run.ref.tell(new Supervisor.StepOverdue(0, List.of("b"), "step 0 waited PT10M for scores"));
    assertThat(run.note("step 0 waited PT10M")).containsPattern("late: \\[" + WHO.formatted("b"));
    assertThat(fish(run.server, ParameterServer.Reassign.class).lost()).isEqualTo("b");
  }

  @Test
  void aStartThatTakesTooLongNamesWhoIsNotReadyAndWhatHeDoes() {
    SupervisorFixture run = supervisor("deadlines.start-up = 1s").workers(3).start();
    Worker slow = run.worker("slow");
    run.ref.tell(new Supervisor.Starting("slow", slow.host().ref(), 4711));
    run.ref.tell(new Supervisor.WorkerSays("slow", "fetches 2.0 GB of model and data"));
    Worker a = run.join("a");
    assertThat(run.note("1 of 3 workers were ready after PT1S"))
        .containsPattern("not ready: " + WHO.formatted("slow") + ", which fetches 2.0 GB");
    run.asked(a);
    assertThat(run.ended().reason())
        .contains("slices were not placed within PT1S")
        .containsPattern("slices \\[0, 1\\] of " + WHO.formatted("a"));
  }

  @Test
  void aRunThatNobodyBecomesReadyForNamesWhoHasBegun() {
    SupervisorFixture run = supervisor("deadlines.start-up = 300ms").workers(1).start();
    Worker slow = run.worker("slow");
    run.ref.tell(new Supervisor.Starting("slow", slow.host().ref(), 4711));
    assertThat(run.ended().reason())
        .contains("no worker was ready after PT0.3S")
        .containsPattern(WHO.formatted("slow") + ", which opens its files");
  }

  @Test
  void aGroupThatDoesNotComeBackNamesWhoHasItAndGoesToAnother() {
    SupervisorFixture run = evaluating();
    List<Worker> all = run.train("a", "b");
    int group = all.get(1).worker().expectMessageClass(GpuWorker.Evaluate.class).group();
    int other = all.get(0).worker().expectMessageClass(GpuWorker.Evaluate.class).group();
    run.ref.tell(evaluated("a", other));
    assertThat(run.note("worker b is lost", "the evaluation after 0 steps: no group came back"))
        .contains("for PT1S", "b: " + group)
        .containsPattern(WHO.formatted("b"));
    assertThat(fish(all.get(0).worker(), GpuWorker.Evaluate.class).group()).isEqualTo(group);
  }

  @Test
  void scoresOfAnotherStepOrOnesThatCameTwiceDoNotEndAnEvaluation() {
    SupervisorFixture run = evaluating();
    Worker a = run.train("a").get(0);
    int first = a.worker().expectMessageClass(GpuWorker.Evaluate.class).group();
    run.ref.tell(new Supervisor.Evaluated("a", 3, score(first)));
    a.worker().expectNoMessage(SupervisorFixture.SHORT);
    run.ref.tell(evaluated("a", first));
    int second = a.worker().expectMessageClass(GpuWorker.Evaluate.class).group();
    assertThat(second).isNotEqualTo(first);
    run.ref.tell(evaluated("a", first));
    none(run.events, RunEvent.Eval.class);
    run.ref.tell(evaluated("a", second));
    assertThat(fish(run.events, RunEvent.Eval.class).finished().getOrigins(0).getSamples())
        .isEqualTo(16);
    run.ref.tell(evaluated("a", second));
    none(run.events, RunEvent.class);
  }

  /** Two groups of held-out samples are scored before the first step. */
  private SupervisorFixture evaluating() {
    RunFixture fixture =
        RunFixture.in(folder)
            .recipe("max_steps: 6\nsave_steps: null\nrewrite: false\neval_steps: 3\n")
            .settings("deadlines.cycle-group = 1s")
            .evalSamples(16);
    return new SupervisorFixture(KIT, fixture);
  }

  private static Supervisor.Evaluated evaluated(String worker, int group) {
    return new Supervisor.Evaluated(worker, 0, score(group));
  }

  private static EvalScore score(int group) {
    return new EvalScore(group, Map.of("", new EvalSums(8, 8, 4, 2)));
  }

  @Test
  void aCheckpointWhoseSlicesDoNotComeNamesWhoKeepsThem() {
    SupervisorFixture run = supervisor().replicas(0);
    run.train("a", "b");
    run.ref.tell(new Supervisor.Stop("enough"));
    fish(run.server, ParameterServer.Halt.class);
    run.committed(1, true);
    fish(run.ledger, Ledger.SaveTo.class).replyTo().tell(new Ledger.Saved(1, 7, null, false));
    Checkpointer.Write write = fish(run.checkpointer, Checkpointer.Write.class);
    write
        .replyTo()
        .tell(new Checkpointer.Written(1, null, 0, 0, "the checkpoint is late", List.of(1)));
    RunEvent.Ended ended = run.ended();
    assertThat(ended.outcome()).isEqualTo("failed");
    assertThat(ended.reason())
        .containsPattern(
            "the checkpoint is late; slice 1 is kept by \\[" + WHO.formatted("b") + "\\]");
  }

  @Test
  void aJoinOfAnotherProcessThatComputesTheSameBitsIsWelcomeInMidRun() {
    SupervisorFixture run = supervisor();
    run.train("a", "b");
    Worker late = run.worker("late");
    run.ref.tell(joining(late, CANARY, MACHINE));
    ParameterServer.Rebalance rebalance = fish(run.server, ParameterServer.Rebalance.class);
    assertThat(rebalance.workers()).containsOnlyKeys("a", "b", "late");
    assertThat(rebalance.assignment().owners()).contains("late");
  }
}
