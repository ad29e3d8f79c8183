package io.akkord.actors.supervisor;

import static io.akkord.actors.supervisor.SupervisorFixture.fish;
import static io.akkord.actors.supervisor.SupervisorFixture.none;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import io.akkord.actors.RunFixture;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.supervisor.SupervisorFixture.Worker;
import io.akkord.actors.takeover.TakeOver.Keeper;
import io.akkord.actors.worker.Compute.EvalScore;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.actors.worker.WorkerHost;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that leave politely: others have what they had before they go. */
class LeavingTest {
  private static final ActorTestKit KIT = SupervisorFixture.kit();

  @TempDir Path folder;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  private SupervisorFixture supervisor(int replicas) {
    return new SupervisorFixture(KIT, RunFixture.in(folder)).replicas(replicas);
  }

  @Test
  void whoLeavesGetsNoMoreSharesAndGoesWhenOthersHaveItsSlices() {
    SupervisorFixture run = supervisor(0);
    List<Worker> all = run.train("a", "b");
    Worker a = all.get(0);
    Worker b = all.get(1);
    run.leave(a);
    run.note("worker a (this host, pid 4711; ", " leaves: it was asked to end");
    ParameterServer.Rebalance rebalance = fish(run.server, ParameterServer.Rebalance.class);
    assertThat(rebalance.assignment().owners()).containsOnly("b");
    assertThat(rebalance.workers()).as("a is asked no more, but told").containsOnlyKeys("a", "b");
    ParameterServer.Drain drain = fish(run.server, ParameterServer.Drain.class);
    assertThat(drain).isEqualTo(new ParameterServer.Drain("a", 1));
    WorkerHost.StartCopy copy = run.asked(b);
    assertThat(copy.slice()).as("what only a keeps").isZero();
    run.started(b, copy);
    assertThat(fish(run.server, ParameterServer.AddHolder.class))
        .isEqualTo(new ParameterServer.AddHolder(0, run.holder(b, 0)));
    none(a.host(), WorkerHost.StopRun.class);
    run.committed(1, false);
    run.committed(2, false);
    run.ref.tell(new Supervisor.Drained("a", 2));
    assertThat(fish(a.host(), WorkerHost.StopRun.class))
        .isEqualTo(new WorkerHost.StopRun(run.facts.runId(), 1));
    assertThat(fish(run.events, RunEvent.Worker.class))
        .isEqualTo(new RunEvent.Worker("a", "left", "it was asked to end"));
    assertThat(fish(run.shards, ParameterShard.Dismiss.class).worker()).isEqualTo("a");
    none(run.server, ParameterServer.Reassign.class);
  }

  @Test
  void withACopyElsewhereAnotherOneIsMadeBeforeItGoes() {
    SupervisorFixture run = supervisor(1);
    List<Worker> all = run.train("a", "b", "c");
    run.leave(all.get(1));
    assertThat(fish(run.server, ParameterServer.Drain.class))
        .isEqualTo(new ParameterServer.Drain("b", 2));
    assertThat(run.asked(all.get(2)).slice()).as("a has it already").isZero();
    assertThat(run.asked(all.get(0)).slice()).as("c has it already").isEqualTo(1);
  }

  @Test
  void whatIsSaidTwiceIsDoneOnceAndWhoHasLeftIsLetGoAgain() {
    SupervisorFixture run = supervisor(0);
    List<Worker> all = run.train("a", "b");
    run.leave(all.get(0));
    run.leave(all.get(0));
    fish(run.server, ParameterServer.Drain.class);
    none(run.server, ParameterServer.Command.class);
    run.ref.tell(new Supervisor.Drained("a", 1));
    fish(all.get(0).host(), WorkerHost.StopRun.class);
    run.note("worker a has left");
    fish(run.events, RunEvent.Worker.class);
    run.ref.tell(new Supervisor.Drained("a", 1));
    run.leave(all.get(0));
    fish(all.get(0).host(), WorkerHost.StopRun.class);
    all.get(0).worker().stop();
    none(run.events, RunEvent.class);
    none(run.server, ParameterServer.Command.class);
  }

  @Test
  void whoIsKilledBeforeItCouldGoIsLostLikeAnyOther() {
    SupervisorFixture run = supervisor(0);
    List<Worker> all = run.train("a", "b");
    run.leave(all.get(0));
    run.keep(all.get(1), 1);
    all.get(0).worker().stop();
    ParameterServer.Reassign reassign = fish(run.server, ParameterServer.Reassign.class);
    assertThat(reassign.lost()).isEqualTo("a");
    assertThat(reassign.assignment().owners()).containsOnly("b");
    run.note("worker a is lost", "it ended without a word");
    fish(run.events, RunEvent.Worker.class);
    run.ref.tell(new Supervisor.Drained("a", 1));
    none(run.events, RunEvent.class);
  }

  @Test
  void twoThatLeaveTogetherDoNotTakeEachOtherForTheOnesThatStay() {
    SupervisorFixture run = supervisor(1);
    List<Worker> all = run.train("a", "b", "c");
    // Slice 0 is with a and b, slice 1 with b and c.
    run.leave(all.get(0));
    assertThat(run.asked(all.get(2)).slice()).isZero();
    run.leave(all.get(1));
    ParameterServer.Rebalance both;
    do {
      both = fish(run.server, ParameterServer.Rebalance.class);
    } while (both.assignment().owners().contains("b"));
    assertThat(both.assignment().owners()).containsOnly("c");
    assertThat(fish(run.server, ParameterServer.Drain.class))
        .isEqualTo(new ParameterServer.Drain("a", 1));
    assertThat(fish(run.server, ParameterServer.Drain.class))
        .isEqualTo(new ParameterServer.Drain("b", 1));
    run.ref.tell(new Supervisor.Drained("a", 2));
    fish(all.get(0).host(), WorkerHost.StopRun.class);
    none(all.get(1).host(), WorkerHost.StopRun.class);
    run.ref.tell(new Supervisor.Drained("b", 2));
    fish(all.get(1).host(), WorkerHost.StopRun.class);
    none(run.server, ParameterServer.Halt.class);
  }

  @Test
  void whenTheLastOneLeavesTheRunIsSavedFirst() {
    SupervisorFixture run = supervisor(1);
    Worker a = run.train("a").get(0);
    run.leave(a);
    fish(run.server, ParameterServer.Halt.class);
    none(a.host(), WorkerHost.StopRun.class);
    run.committed(1, true);
    SupervisorTest.save(run, 1);
    RunEvent.Ended ended = run.ended();
    assertThat(ended.outcome()).as("another attempt goes on").isEqualTo(Supervisor.LOST);
    assertThat(ended.checkpoint()).isEqualTo("checkpoint-1");
    assertThat(ended.reason())
        .contains("the last one left after the run was saved", "asked to end");
    fish(a.host(), WorkerHost.StopRun.class);
  }

  @Test
  void whenAllOthersAreLostWhoLeavesIsTheLastOne() {
    SupervisorFixture run = supervisor(1);
    List<Worker> all = run.train("a", "b");
    run.leave(all.get(0));
    run.ref.tell(new Supervisor.WorkerFailed("b", "its device is broken"));
    ParameterServer.Reassign reassign = fish(run.server, ParameterServer.Reassign.class);
    assertThat(reassign.assignment().owners()).containsOnly("a");
    fish(run.server, ParameterServer.Halt.class);
  }

  @Test
  void whenOneThatStaysIsLostFewerCopiesAreEnough() {
    SupervisorFixture run = supervisor(1);
    List<Worker> all = run.train("a", "b", "c");
    run.leave(all.get(0));
    assertThat(fish(run.server, ParameterServer.Drain.class).copies()).isEqualTo(2);
    run.ref.tell(new Supervisor.WorkerFailed("b", "its device is broken"));
    assertThat(fish(run.server, ParameterServer.Reassign.class).assignment().owners())
        .containsOnly("c");
    assertThat(fish(run.server, ParameterServer.Drain.class))
        .isEqualTo(new ParameterServer.Drain("a", 1));
  }

  @Test
  void whoIsNotReadyYetGoesAtOnce() {
    SupervisorFixture run = supervisor(1).workers(2).start();
    Worker b = run.worker("b");
    run.ref.tell(new Supervisor.Starting("b", b.host().ref(), 4711));
    Worker a = run.join("a");
    run.leave(b);
    fish(b.host(), WorkerHost.StopRun.class);
    run.note("worker b cannot take part: it was asked to end");
    run.keep(a, 2);
    assertThat(run.begun().workers()).containsOnlyKeys("a");
  }

  @Test
  void whoLeavesBeforeTheFirstStepIsReplacedBeforeIt() {
    SupervisorFixture run = supervisor(0).workers(2).start();
    Worker a = run.join("a");
    Worker b = run.join("b");
    run.keep(a, 1);
    run.leave(a);
    fish(a.host(), WorkerHost.StopRun.class);
    run.keep(b, 2);
    assertThat(run.begun().workers()).containsOnlyKeys("b");
    none(run.events, RunEvent.Ended.class);
  }

  @Test
  void whoKeepsWhatANewSupervisorGoesOnFromHandsItOverFirst() {
    SupervisorFixture run = supervisor(0).workers(2);
    List<Keeper> first = List.of(new Keeper("a", 0, null));
    List<Keeper> second = List.of(new Keeper("b", 0, null));
    run.takenOver = Optional.of(new TakenOver(List.of(first, second), null, false, true));
    run.start();
    Worker a = run.join("a");
    run.leave(a);
    Worker b = run.join("b");
    assertThat(run.keep(a, 1)).containsExactly(0);
    assertThat(run.keep(b, 1)).containsExactly(1);
    fish(run.server, ParameterServer.Begin.class);
    assertThat(run.asked(b).slice()).isZero();
    assertThat(fish(run.server, ParameterServer.Drain.class))
        .isEqualTo(new ParameterServer.Drain("a", 1));
  }

  /** Ended before the first step it would throw away what is newer than any checkpoint. */
  @Test
  void aStopBeforeTheFirstStepOfATakeOverSavesWhatWorkersHaveKept() {
    SupervisorFixture run = supervisor(0).workers(1);
    List<Keeper> first = List.of(new Keeper("a", 0, null));
    List<Keeper> second = List.of(new Keeper("a", 0, null));
    run.takenOver = Optional.of(new TakenOver(List.of(first, second), null, false, true));
    run.start();
    run.ref.tell(new Supervisor.Stop("stopped by a person"));
    Worker a = run.join("a");
    none(run.events, RunEvent.Ended.class);
    run.keep(a, 2);
    fish(run.server, ParameterServer.Begin.class);
    assertThat(fish(run.server, ParameterServer.Halt.class))
        .isEqualTo(new ParameterServer.Halt("stopped by a person"));
  }

  @Test
  void aStopOfATakeOverDoesNotWaitForEverForThoseWhoHadKeptIt() {
    RunFixture fixture = RunFixture.in(folder).settings("deadlines.start-up = 300ms");
    SupervisorFixture run = new SupervisorFixture(KIT, fixture).workers(1);
    List<Keeper> slice = List.of(new Keeper("a", 0, null));
    run.takenOver = Optional.of(new TakenOver(List.of(slice, slice), null, false, true));
    run.start();
    run.ref.tell(new Supervisor.Stop("stopped by a person"));
    RunEvent.Ended ended = fish(run.events, RunEvent.Ended.class);
    assertThat(ended.outcome()).isEqualTo("stopped");
    assertThat(ended.reason()).startsWith("stopped by a person; who had kept the newest steps");
  }

  @Test
  void whoIsNotLetGoInTimeIsNamedWithWhatIsMissingAndGoesAllTheSame() {
    RunFixture fixture = RunFixture.in(folder).settings("deadlines.drain = 300ms");
    SupervisorFixture run = new SupervisorFixture(KIT, fixture).replicas(0);
    List<Worker> all = run.train("a", "b");
    run.leave(all.get(0));
    run.asked(all.get(1));
    assertThat(run.note("worker a is lost"))
        .contains("its work was not taken over within PT0.3S, in phase training")
        .contains("a (this host, pid 4711; last heard of ")
        .contains("copies that are not there: [slices [0] of b (this host, pid 4711; last heard");
    assertThat(fish(run.server, ParameterServer.Reassign.class).lost()).isEqualTo("a");
    fish(all.get(0).host(), WorkerHost.StopRun.class);
  }

  @Test
  void whoLeavesGetsNoMoreOfAnEvaluation() {
    RunFixture fixture =
        RunFixture.in(folder)
            .recipe("max_steps: 6\nsave_steps: null\nrewrite: false\neval_steps: 3\n")
            .evalSamples(32);
    SupervisorFixture run = new SupervisorFixture(KIT, fixture);
    List<Worker> all = run.train("a", "b");
    int group = all.get(0).worker().expectMessageClass(GpuWorker.Evaluate.class).group();
    run.leave(all.get(0));
    run.ref.tell(new Supervisor.Evaluated("a", 0, new EvalScore(group, Map.of())));
    none(all.get(0).worker(), GpuWorker.Evaluate.class);
  }
}
