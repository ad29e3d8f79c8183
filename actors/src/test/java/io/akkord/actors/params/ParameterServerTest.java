package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.FishingOutcome;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.GpuWorker;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.RunPlan;
import io.akkord.config.Settings;
import io.akkord.model.TestModels;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.ParameterLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The barrier's shell among probes: two workers, one slice, batches of four in two shards. */
class ParameterServerTest {
  private static final ActorTestKit KIT = ActorTestKit.create();
  private static final Ledger.TableStamp TABLE = new Ledger.TableStamp(2, "f00d");
  private static final Duration SHORT = Duration.ofMillis(200);

  private TestProbe<Ledger.Command> ledger;
  private TestProbe<Supervisor.Command> supervisor;
  private TestProbe<ParameterShard.Command> shard;
  private TestProbe<GpuWorker.Command> a;
  private TestProbe<GpuWorker.Command> b;
  private ActorRef<ParameterServer.Command> server;
  private String scope = "global_batch";

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void probes() {
    ledger = KIT.createTestProbe(Ledger.Command.class);
    supervisor = KIT.createTestProbe(Supervisor.Command.class);
    shard = KIT.createTestProbe(ParameterShard.Command.class);
    a = KIT.createTestProbe(GpuWorker.Command.class);
    b = KIT.createTestProbe(GpuWorker.Command.class);
  }

  @Test
  void everyWorkerGetsTheStatisticsOnceAndTheyAreThoseOfTheWholeBatch() {
    begin("10s", 1);
    score(0, 1, "a", 0, 1.0, 3.0);
    a.expectNoMessage(SHORT);
    score(0, 1, "b", 1, 5.0, 7.0);
    GpuWorker.StepMoments told = a.expectMessageClass(GpuWorker.StepMoments.class);
    assertThat(told.mean()).isEqualTo(4.0);
    assertThat(told.std()).isEqualTo(Math.sqrt(5));
    assertThat(told.batchSize()).isEqualTo(4);
    assertThat(b.expectMessageClass(GpuWorker.StepMoments.class)).isEqualTo(told);
    a.expectNoMessage(SHORT);
  }

  @Test
  void aCommittedStepGoesToTheShardsAndToTheLedger() {
    begin("10s", 1);
    step(0, 1);
    ParameterShard.Apply apply = shard.expectMessageClass(ParameterShard.Apply.class);
    assertThat(apply.clipScale()).isEqualTo(1 / (5 + 1e-6));
    assertThat(apply.adamSteps()).isEqualTo(1);
    assertThat(apply.assignment()).isEqualTo(1);
    Ledger.CommitStep commit = ledger.expectMessageClass(Ledger.CommitStep.class);
    assertThat(commit.samples()).containsExactly(0, 1, 10, 11);
    assertThat(commit.costs()).containsExactly(1f, 3f, 5f, 7f);
    assertThat(commit.skipped()).isFalse();
  }

  @Test
  void theDecisionCarriesWhatTheLedgerIsToldAndWhatANewSupervisorNeeds() {
    begin("10s", 1);
    step(0, 1);
    CommitRecord record = shard.expectMessageClass(ParameterShard.Apply.class).record();
    assertThat(record.step()).isZero();
    assertThat(record.samples()).containsExactly(0, 1, 10, 11);
    assertThat(record.costs()).containsExactly(1f, 3f, 5f, 7f);
    assertThat(record.table()).isEqualTo(TABLE);
    assertThat(record.next().mean()).isEqualTo(4.0);
    assertThat(record.report().gradNorm()).isEqualTo(5.0);
    assertThat(record.event().getSamplesList()).containsExactly(0, 1, 10, 11);
  }

  @Test
  void fourStepsMayBeUnacknowledgedAndThenTheNextWaits() {
    begin("10s", 1);
    for (int step = 0; step < 4; step++) {
      step(step, 1);
      shard.expectMessageClass(ParameterShard.Apply.class);
      shard.expectMessageClass(ParameterShard.Expect.class);
    }
    step(4, 1);
    shard.expectNoMessage(SHORT);
    Ledger.CommitStep first = ledger.expectMessageClass(Ledger.CommitStep.class);
    first.replyTo().tell(new Ledger.StepStored(0));
    assertThat(shard.expectMessageClass(ParameterShard.Apply.class).step()).isEqualTo(4);
  }

  /** Its scores are no numbers, whoever computes. */
  @Test
  void aStepThatIsToBeSkippedIsSkippedThoughAWorkerIsLostWhileItWaits() {
    begin("10s", 1);
    for (int step = 0; step < 4; step++) {
      step(step, 1);
      shard.expectMessageClass(ParameterShard.Apply.class);
      shard.expectMessageClass(ParameterShard.Expect.class);
    }
    score(4, 1, "a", 0, Double.NaN, 3.0);
    score(4, 1, "b", 1, 5.0, 7.0);
    score(4, 2, "b", 0, Double.NaN, 3.0);
    score(4, 2, "a", 1, 5.0, 7.0);
    Assignment moved = new Assignment(3, List.of("b", "b"));
    server.tell(new ParameterServer.Reassign(moved, Map.of("b", b.ref()), "a", "a is lost"));
    score(4, 3, "b", 1, 5.0, 7.0);
    Ledger.CommitStep first = ledger.expectMessageClass(Ledger.CommitStep.class);
    first.replyTo().tell(new Ledger.StepStored(0));
    List<ParameterShard.Command> told =
        shard.fishForMessage(
            Duration.ofSeconds(3),
            m ->
                m instanceof ParameterShard.Apply
                    ? FishingOutcomes.complete()
                    : FishingOutcomes.continueAndCollect());
    ParameterShard.Apply apply = (ParameterShard.Apply) told.get(told.size() - 1);
    assertThat(apply.step()).isEqualTo(4);
    assertThat(apply.skip()).isTrue();
  }

  @Test
  void theSharesOfALostWorkerAreAskedOfTheOtherAndStaleOnesDoNotCount() {
    begin("10s", 1);
    score(0, 1, "b", 1, 5.0, 7.0);
    Assignment moved = new Assignment(2, List.of("b", "b"));
    server.tell(new ParameterServer.Reassign(moved, Map.of("b", b.ref()), "a", "a is lost"));
    b.expectMessageClass(GpuWorker.Holders.class);
    GpuWorker.Assigned assigned = b.expectMessageClass(GpuWorker.Assigned.class);
    assertThat(assigned.now()).containsExactly(0);
    assertThat(assigned.all()).containsExactly(0, 1);
    score(0, 1, "a", 0, 100.0, 100.0);
    b.expectNoMessage(SHORT);
    score(0, 2, "b", 0, 1.0, 3.0);
    assertThat(b.expectMessageClass(GpuWorker.StepMoments.class).mean()).isEqualTo(4.0);
    a.expectNoMessage(SHORT);
  }

  @Test
  void aStepThatIsNoNumberTwiceIsSkippedAndSaysWhy() {
    begin("10s", 1);
    score(0, 1, "a", 0, Double.NaN, 3.0);
    score(0, 1, "b", 1, 5.0, 7.0);
    Supervisor.AssignmentMoved moved =
        supervisor.expectMessageClass(Supervisor.AssignmentMoved.class);
    assertThat(moved.assignment().owners()).containsExactly("b", "a");
    score(0, 2, "b", 0, Double.NaN, 3.0);
    score(0, 2, "a", 1, 5.0, 7.0);
    ParameterShard.Apply apply =
        shard
            .fishForMessage(
                Duration.ofSeconds(3),
                m ->
                    m instanceof ParameterShard.Apply
                        ? FishingOutcomes.complete()
                        : FishingOutcomes.continueAndIgnore())
            .stream()
            .map(ParameterShard.Apply.class::cast)
            .findFirst()
            .orElseThrow();
    assertThat(apply.skip()).isTrue();
    assertThat(apply.adamSteps()).isZero();
    assertThat(ledger.expectMessageClass(Ledger.CommitStep.class).skipped()).isTrue();
    Supervisor.StepCommitted step = supervisor.expectMessageClass(Supervisor.StepCommitted.class);
    assertThat(step.report().skipped()).contains("shard 0", "twice");
  }

  @Test
  void withTheScopePreviousStepEveryStepUsesTheStatisticsOfTheOneBefore() {
    scope = "previous_step";
    begin("10s", 1);
    step(0, 1);
    assertThat(nextMean()).as("there is none before the first").isEqualTo(4.0);
    score(1, 1, "a", 0, 10.0, 30.0);
    score(1, 1, "b", 1, 50.0, 70.0);
    assertThat(nextMean()).isEqualTo(4.0);
    server.tell(new ParameterServer.SliceSummed(1, 1, 1, 0, "control", new double[] {9, 16}));
    step(2, 1);
    assertThat(nextMean()).isEqualTo(40.0);
  }

  private double nextMean() {
    return a.expectMessageClass(GpuWorker.StepMoments.class).mean();
  }

  @Test
  void aStepThatTakesTooLongNamesWhoIsWaitedFor() {
    begin("700ms", 1);
    score(0, 1, "a", 0, 1.0, 3.0);
    answerPoll("a", a);
    answerPoll("b", b);
    Supervisor.StepOverdue overdue = supervisor.expectMessageClass(Supervisor.StepOverdue.class);
    assertThat(overdue.late()).containsExactly("b");
    assertThat(overdue.reason())
        .contains("step 0", "shards [1]", "phase data and forward", "not answering: []")
        .containsPattern("last heard of b 0\\.\\d s ago");
  }

  @Test
  void whoWaitsForTheSlicesOfAWorkerThatHangsIsNotTakenForIt() {
    begin("700ms", 1);
    answerPoll("b", b);
    Supervisor.StepOverdue overdue = supervisor.expectMessageClass(Supervisor.StepOverdue.class);
    assertThat(overdue.late()).containsExactly("a");
    assertThat(overdue.reason())
        .contains("shards [0, 1]", "not answering: [a]", "last heard of a never");
  }

  @Test
  void aStepThatEndsWhileItsWorkersAreAskedIsNotOverdue() {
    begin("700ms", 1);
    answerPoll("a", a);
    answerPoll("b", b);
    step(0, 1);
    supervisor.expectMessageClass(Supervisor.StepCommitted.class);
    supervisor.expectNoMessage(Duration.ofMillis(400));
  }

  private static FishingOutcome untilPoll(GpuWorker.Command command) {
    return command instanceof GpuWorker.Poll
        ? FishingOutcomes.complete()
        : FishingOutcomes.continueAndIgnore();
  }

  private void answerPoll(String id, TestProbe<GpuWorker.Command> worker) {
    GpuWorker.Poll poll = worker.expectMessageClass(GpuWorker.Poll.class);
    server.tell(new ParameterServer.Position(id, poll.step(), false));
  }

  @Test
  void whatIsDueBetweenStepsMayTakeLongerThanAStep() {
    begin("700ms", 2);
    step(0, 1);
    supervisor.expectMessageClass(Supervisor.StepCommitted.class);
    step(1, 1);
    supervisor.expectMessageClass(Supervisor.StepCommitted.class);
    supervisor.expectNoMessage(Duration.ofMillis(1200));
    server.tell(new ParameterServer.Resumed(2, TABLE));
    a.fishForMessage(Duration.ofSeconds(3), ParameterServerTest::untilPoll);
    server.tell(new ParameterServer.Position("a", 2, false));
    server.tell(new ParameterServer.Position("b", 2, false));
    Supervisor.StepOverdue overdue = supervisor.expectMessageClass(Supervisor.StepOverdue.class);
    assertThat(overdue.late()).containsExactly("a", "b");
  }

  private void begin(String stepDeadline, int saveSteps) {
    RunFacts facts = facts(stepDeadline, saveSteps == 1 ? 100 : saveSteps);
    server = KIT.spawn(ParameterServer.create(facts, ledger.ref()));
    Assignment assignment = new Assignment(1, List.of("a", "b"));
    server.tell(
        new ParameterServer.Begin(
            0,
            0,
            assignment,
            Map.of("a", a.ref(), "b", b.ref()),
            List.of(List.of(new Holder("control", shard.ref(), new LaneAddress("x", 1)))),
            List.of(Set.of()),
            null,
            supervisor.ref()));
    server.tell(new ParameterServer.Resumed(0, TABLE));
    a.expectMessageClass(GpuWorker.Holders.class);
    b.expectMessageClass(GpuWorker.Holders.class);
    a.expectMessageClass(GpuWorker.Assigned.class);
    b.expectMessageClass(GpuWorker.Assigned.class);
    shard.expectMessageClass(ParameterShard.Expect.class);
  }

  private void step(long step, long assignment) {
    score(step, assignment, "a", 0, 1.0, 3.0);
    score(step, assignment, "b", 1, 5.0, 7.0);
    server.tell(
        new ParameterServer.SliceSummed(1, step, assignment, 0, "control", new double[] {9, 16}));
  }

  private void score(
      long step, long assignment, String worker, int shardIndex, double first, double second) {
    ShardScore score =
        new ShardScore(
            shardIndex,
            new int[] {10 * shardIndex, 10 * shardIndex + 1},
            new double[] {first, second},
            new double[] {0.1, 0.2},
            new double[] {0.5, 0.5},
            new int[] {3, 4},
            new int[] {2},
            0,
            0);
    server.tell(new ParameterServer.Scored(1, step, assignment, worker, List.of(score), null));
  }

  private RunFacts facts(String stepDeadline, int saveSteps) {
    Path model = TestModels.stories260K().toAbsolutePath();
    String yaml =
        """
        model_name_or_path: %s
        train_file: %s
        output_dir: nowhere
        rewrite: off
        global_batch_size: 4
        micro_batch_size: 2
        logical_shards: 2
        max_steps: 50
        save_steps: %d
        cadft: {stats_scope: %s}
        """
            .formatted(model, TestModels.mixedStories().toAbsolutePath(), saveSteps, scope);
    Recipe recipe = RecipeReader.parse("test.yaml", yaml, Path.of(""), List.of()).recipe();
    Settings settings =
        Settings.read(
            ConfigFactory.parseString(
                    "akkord.deadlines.step = "
                        + stepDeadline
                        + "\nakkord.deadlines.ledger-acknowledgement = 500ms")
                .withFallback(ConfigFactory.load()));
    RunPlan plan = RunPlan.of(recipe, 100, 0);
    return RunFacts.of("test", 1, plan, settings, ParameterLayout.of(ModelConfig.read(model)), 1);
  }
}
