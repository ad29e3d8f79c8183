package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.LoggingTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.akkord.actors.RunFixture;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.params.ParameterShard.Admit;
import io.akkord.actors.params.ParameterShard.Apply;
import io.akkord.actors.params.ParameterShard.Dismiss;
import io.akkord.actors.params.ParameterShard.Expect;
import io.akkord.actors.params.ParameterShard.Feed;
import io.akkord.actors.params.ParameterShard.Publish;
import io.akkord.actors.params.ShardFixture.Out;
import io.akkord.actors.takeover.KeptCopy;
import io.akkord.actors.takeover.SliceSurvey;
import io.akkord.actors.takeover.TakeOver;
import io.akkord.actors.worker.WorkerHost;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes twice, late, early or from elsewhere to a copy of a slice. */
class ParameterShardProtocolTest {
  private static final ActorTestKit KIT = ActorTestKit.create();

  @TempDir static Path folder;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  private static ShardFixture empty() {
    return new ShardFixture(KIT, folder);
  }

  /** Its first version is read and let go. */
  private static ShardFixture filled() {
    ShardFixture s = empty().filled();
    assertThat(s.read()).containsExactly("0: 1.0 2.0");
    return s;
  }

  // ---- decisions --------------------------------------------------------------------------------

  @Test
  void aDecisionOnAnotherSumIsRefusedAndTheRightOneCarriedOut() {
    ShardFixture s = filled();
    s.sum(0, 2);
    LoggingTestKit.warn(
            "refused the decision on step 0 under assignment 1: expected is step 0 under 2, summed")
        .expect(
            KIT.system(),
            () -> {
              s.apply(0, 1);
              s.settled();
              return null;
            });
    assertThat(s.read()).isEmpty();
    s.apply(0, 2);
    assertThat(s.read()).containsExactly("1: 0.0 1.0");
  }

  @Test
  void aDecisionAfterTheSumIsVoidIsRefused() {
    ShardFixture s = filled();
    s.sum(0, 1);
    s.expect(0, 2);
    s.apply(0, 1);
    s.apply(0, 2);
    assertThat(s.read()).isEmpty();
    s.sum(0, 2);
    s.apply(0, 2);
    assertThat(s.read()).containsExactly("1: 0.0 1.0");
  }

  @Test
  void aDecisionBeforeAnySumIsRefused() {
    ShardFixture s = filled();
    s.apply(0, 1);
    s.expect(0, 1);
    s.apply(0, 1);
    assertThat(s.read()).isEmpty();
    s.sum(0, 1);
    s.apply(0, 1);
    assertThat(s.read()).containsExactly("1: 0.0 1.0");
  }

  @Test
  void aStepThatIsSkippedNeedsNoSum() {
    ShardFixture s = filled();
    s.expect(0, 1);
    s.shard.tell(ShardFixture.decision(0, 1, true));
    assertThat(s.read()).containsExactly("1: 1.0 2.0");
  }

  @Test
  void aSkippedStepIsNotMissedByACopyThatIsBeingFilled() {
    ShardFixture s = empty();
    s.expect(0, 1);
    s.shard.tell(ShardFixture.decision(0, 1, true));
    s.expect(1, 1);
    s.filled();
    assertThat(s.read()).containsExactly("1: 1.0 2.0");
    s.sum(1, 1);
    assertThat(s.summed()).containsExactly("step 1 under 1");
  }

  @Test
  void norIsTheNextOneThatIsSkipped() {
    ShardFixture s = empty();
    for (int step = 0; step < 3; step++) {
      s.expect(step, 1);
      s.shard.tell(ShardFixture.decision(step, 1, true));
      s.shard.tell(ShardFixture.decision(step, 1, true));
    }
    s.expect(3, 1);
    s.filled();
    assertThat(s.read()).containsExactly("3: 1.0 2.0");
    s.sum(3, 1);
    assertThat(s.summed()).containsExactly("step 3 under 1");
  }

  @Test
  void aSkippedStepThatWasInWhatACopyIsFilledWithIsNotCarriedOutAgain() {
    ShardFixture s = empty();
    s.shard.tell(Publish.INSTANCE);
    s.shard.tell(new Admit("w", s.reader()));
    s.expect(0, 1);
    s.shard.tell(ShardFixture.decision(0, 1, true));
    s.state(1, 1, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(3, 4));
    assertThat(s.read()).containsExactly("1: 3.0 4.0");
  }

  @Test
  void theLastFiveDecisionsAreKeptAndASurveySeesThem() {
    ShardFixture s = filled();
    for (int step = 0; step < 7; step++) {
      s.sum(step, 1);
      s.apply(step, 1);
      s.read();
    }
    List<KeptCopy> copies = s.left().stream().map(kept -> KeptCopy.of("a", kept)).toList();
    TestProbe<WorkerHost.Command> host = KIT.createTestProbe(WorkerHost.Command.class);
    CompletableFuture<List<KeptCopy>> found = new CompletableFuture<>();
    ActorRef<SliceSurvey.Command> survey =
        KIT.spawn(
            SliceSurvey.create(
                new SliceSurvey.Question(
                    RunFixture.RUN, 2, 1, Duration.ofSeconds(20), some -> true),
                found));
    survey.tell(new SliceSurvey.Hosts(Set.of(host.ref())));
    host.expectMessageClass(WorkerHost.WhatIsLeft.class)
        .replyTo()
        .tell(new SliceSurvey.Holds(host.ref(), copies));
    List<KeptCopy> told = found.orTimeout(20, TimeUnit.SECONDS).join();
    assertThat(told).hasSize(1);
    assertThat(told.get(0).decided()).extracting(Apply::step).containsExactly(2L, 3L, 4L, 5L, 6L);
    TakeOver.Decision decision =
        TakeOver.choose(told, List.of(s.facts.slices().get(0)), Set.of(1L), 0);
    assertThat(decision).isInstanceOf(TakeOver.GoOn.class);
    assertThat(((TakeOver.GoOn) decision).version()).isEqualTo(7);
    assertThat(((TakeOver.GoOn) decision).records()).containsOnlyKeys(2L, 3L, 4L, 5L, 6L);
  }

  // ---- gradients --------------------------------------------------------------------------------

  @Test
  void aGradientThatComesTwiceCountsOnce() {
    ShardFixture s = filled();
    s.expect(0, 1);
    CompletableFuture<Void> first = s.gradient(0, 1, 0, 2);
    CompletableFuture<Void> again = s.gradient(0, 1, 0, 2);
    CompletableFuture<Void> part = s.gradient(0, 1, 1, 2);
    s.settled();
    assertThat(first).isNotDone();
    assertThat(List.of(again, part)).allMatch(CompletableFuture::isDone);
    assertThat(s.summed()).isEmpty();
    s.gradient(0, 1, 2, 4);
    assertThat(s.summed()).containsExactly("step 0 under 1");
    s.apply(0, 1);
    assertThat(s.read()).containsExactly("1: -1.0 0.0");
    assertThat(first).isDone();
  }

  @Test
  void aGradientOfAnOldStepIsReleased() {
    ShardFixture s = filled();
    s.sum(0, 1);
    s.apply(0, 1);
    s.read();
    s.expect(1, 1);
    CompletableFuture<Void> old = s.gradient(0, 1, 0, 4);
    s.settled();
    assertThat(old).isDone();
    assertThat(s.summed()).containsExactly("step 0 under 1");
  }

  @Test
  void gradientsOfAnotherTypeLengthOrSliceAreRefusedAndTheStepGoesOn() {
    ShardFixture s = filled();
    s.expect(0, 1);
    BulkHeader right = ShardFixture.gradientHeader(0, 1, 0, 4);
    BulkHeader rounded =
        new BulkHeader(RunFixture.RUN, 1, 0, 1, Kind.GRADIENT, Dtype.BFLOAT16, 0, 4, 0);
    BulkHeader elsewhere =
        new BulkHeader(RunFixture.RUN, 1, 0, 1, Kind.GRADIENT, Dtype.FLOAT32, 0, 4, 1);
    LoggingTestKit.warn(
            "slice 0 refused GRADIENT of step 0, slice 0: found 8 bytes of BFLOAT16, expected 8"
                + " bytes of FLOAT32")
        .expect(KIT.system(), () -> refused(s, rounded, GatedSlices.floats(9, 9)));
    LoggingTestKit.warn("found 12 bytes of FLOAT32, expected 8 bytes of FLOAT32")
        .expect(KIT.system(), () -> refused(s, right, ByteBuffer.allocateDirect(12)));
    refused(s, elsewhere, GatedSlices.floats(9, 9));
    assertThat(s.summed()).isEmpty();
    s.sum(0, 1);
    s.apply(0, 1);
    assertThat(s.read()).containsExactly("1: 0.0 1.0");
  }

  private static Void refused(ShardFixture s, BulkHeader header, ByteBuffer bytes) {
    CompletableFuture<Void> sent = s.send(header, bytes);
    s.settled();
    assertThat(sent).isDone();
    return null;
  }

  // ---- expectations -----------------------------------------------------------------------------

  @Test
  void whatIsExpectedDoesNotGoBack() {
    ShardFixture s = filled();
    s.sum(0, 1);
    s.apply(0, 1);
    s.read();
    s.summed();
    s.expect(1, 3);
    s.expect(0, 4);
    s.expect(1, 2);
    s.shard.tell(new Expect(2, 9, new long[] {1, 1, 1, 1}));
    s.gradient(1, 3, 0, 4);
    assertThat(s.summed()).containsExactly("step 1 under 3");
  }

  @Test
  void anExpectationThatIsRepeatedSumsOnce() {
    ShardFixture s = filled();
    s.sum(0, 1);
    s.expect(0, 1);
    assertThat(s.summed()).containsExactly("step 0 under 1");
    s.apply(0, 1);
    assertThat(s.read()).containsExactly("1: 0.0 1.0");
    s.expect(0, 1);
    s.gradient(0, 1, 0, 4);
    assertThat(s.summed()).isEmpty();
  }

  // ---- readers ----------------------------------------------------------------------------------

  @Test
  void aWorkerThatIsAdmittedTwiceIsSentEachVersionOnce() {
    ShardFixture s = filled();
    var lane = s.reader();
    s.shard.tell(new Admit("x", lane));
    s.shard.tell(new Admit("x", lane));
    assertThat(s.read()).containsExactly("0: 1.0 2.0");
  }

  @Test
  void nothingIsUpdatedWhileAnyCopyOfItIsRead() {
    ShardFixture s = filled();
    s.shard.tell(new Admit("x", s.reader()));
    s.shard.tell(new Admit("x", s.reader()));
    List<Out> reading = s.arrived();
    assertThat(reading).hasSize(2);
    s.sum(0, 1);
    s.apply(0, 1);
    reading.get(0).release().run();
    assertThat(s.arrived()).as("the other lane still reads").isEmpty();
    reading.get(1).release().run();
    assertThat(s.read()).containsExactly("1: 0.0 1.0", "1: 0.0 1.0");
  }

  @Test
  void aDismissedWorkerIsNotWaitedFor() {
    ShardFixture s = filled();
    s.shard.tell(new Admit("x", s.reader()));
    assertThat(s.arrived()).hasSize(1);
    s.sum(0, 1);
    s.apply(0, 1);
    assertThat(s.arrived()).isEmpty();
    s.shard.tell(new Dismiss("x"));
    assertThat(s.read()).containsExactly("1: 0.0 1.0");
  }

  @Test
  void aWorkerThatComesBackIsWaitedForWhateverBecomesOfItsOldLane() {
    ShardFixture s = filled();
    s.shard.tell(new Admit("x", s.reader()));
    List<Out> old = s.arrived();
    s.shard.tell(new Dismiss("x"));
    s.shard.tell(new Admit("x", s.reader()));
    List<Out> reading = s.arrived();
    s.sum(0, 1);
    s.apply(0, 1);
    old.get(0).release().run();
    assertThat(s.arrived()).isEmpty();
    reading.get(0).release().run();
    assertThat(s.read()).containsExactly("1: 0.0 1.0", "1: 0.0 1.0");
  }

  @Test
  void whoIsToldTwiceToPublishSendsEachVersionOnce() {
    ShardFixture s = filled();
    s.shard.tell(Publish.INSTANCE);
    assertThat(s.read()).isEmpty();
  }

  @Test
  void whoIsToldToPublishDuringAnUpdateSendsTheNewVersion() {
    ShardFixture s = empty();
    s.shard.tell(new Admit("w", s.reader()));
    s.state(0, 1, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(1, 2));
    s.sum(0, 1);
    s.device.gate();
    s.apply(0, 1);
    s.settled();
    s.shard.tell(Publish.INSTANCE);
    assertThat(s.read()).isEmpty();
    s.device.let();
    assertThat(s.read()).containsExactly("1: 0.0 1.0");
  }

  // ---- copies -----------------------------------------------------------------------------------

  @Test
  void aFeedForALaterVersionWaitsForIt() {
    ShardFixture s = filled();
    s.shard.tell(new Feed(1, s.checkpoints));
    assertThat(s.read()).isEmpty();
    s.sum(0, 1);
    s.apply(0, 1);
    assertThat(s.arrived())
        .extracting(out -> out.header().kind() + " " + out.header().step())
        .containsExactlyInAnyOrder(
            "PARAMETERS 1",
            "SNAPSHOT_WEIGHTS 1",
            "SNAPSHOT_FIRST_MOMENT 1",
            "SNAPSHOT_SECOND_MOMENT 1");
  }

  @Test
  void aFeedThatIsToldTwiceFillsTheCopyOnce() {
    ShardFixture s = filled();
    LaneInbox inbox = new LaneInbox(s.bulk);
    ActorRef<ParameterShard.Command> copy = s.copy(inbox);
    copy.tell(Publish.INSTANCE);
    copy.tell(new Admit("w", s.reader()));
    s.shard.tell(new Feed(0, inbox.address()));
    s.shard.tell(new Feed(0, inbox.address()));
    s.settled();
    CompletableFuture<Void> behind =
        s.bulk
            .send(
                inbox.address(), ShardFixture.gradientHeader(0, 1, 3, 3), GatedSlices.floats(0, 0))
            .toCompletableFuture();
    copy.tell(new Expect(1, 0, new long[] {1, 1, 1, 1}));
    assertThat(behind).succeedsWithin(Duration.ofSeconds(20));
    assertThat(s.read()).containsExactly("0: 1.0 2.0");
  }

  @Test
  void stateOfTwoVersionsIsNotMixedAndTheNewerCounts() {
    ShardFixture s = empty();
    s.shard.tell(Publish.INSTANCE);
    s.shard.tell(new Admit("w", s.reader()));
    CompletableFuture<Void> older = s.state(1, 3, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(9, 9));
    s.state(2, 3, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(1, 2));
    s.state(2, 3, Kind.SNAPSHOT_FIRST_MOMENT, GatedSlices.floats(0, 0));
    CompletableFuture<Void> late =
        s.state(1, 3, Kind.SNAPSHOT_SECOND_MOMENT, GatedSlices.floats(9, 9));
    s.settled();
    assertThat(List.of(older, late)).allMatch(CompletableFuture::isDone);
    assertThat(s.read()).isEmpty();
    s.state(2, 3, Kind.SNAPSHOT_SECOND_MOMENT, GatedSlices.floats(0, 0));
    assertThat(s.read()).containsExactly("2: 1.0 2.0");
  }

  @Test
  void stateForACopyThatIsFilledIsReleased() {
    ShardFixture s = filled();
    CompletableFuture<Void> again = s.state(0, 1, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(9, 9));
    CompletableFuture<Void> later = s.state(3, 1, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(9, 9));
    s.settled();
    assertThat(List.of(again, later)).allMatch(CompletableFuture::isDone);
    s.sum(0, 1);
    s.apply(0, 1);
    assertThat(s.read()).containsExactly("1: 0.0 1.0");
  }

  @Test
  void stateThatComesWhileTheCopyIsOpenedIsReleased() {
    ShardFixture s = empty();
    s.device.gate();
    CompletableFuture<Void> first = s.state(0, 1, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(1, 2));
    CompletableFuture<Void> again = s.state(0, 1, Kind.SNAPSHOT_WEIGHTS, GatedSlices.floats(9, 9));
    s.settled();
    assertThat(first).isNotDone();
    assertThat(again).isDone();
    s.device.let();
    s.settled();
    assertThat(first).isDone();
  }

  @Test
  void stateOfAnotherAttemptTypeOrLengthIsRefused() {
    ShardFixture s = empty();
    BulkHeader attempt =
        new BulkHeader(RunFixture.RUN, 2, 0, 0, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT32, 0, 1, 0);
    BulkHeader type =
        new BulkHeader(RunFixture.RUN, 1, 0, 0, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT64, 0, 1, 0);
    BulkHeader length =
        new BulkHeader(RunFixture.RUN, 1, 0, 0, Kind.SNAPSHOT_WEIGHTS, Dtype.FLOAT32, 0, 1, 0);
    refused(s, attempt, GatedSlices.floats(9, 9));
    LoggingTestKit.warn("found 16 bytes of FLOAT64, expected 8 bytes of FLOAT32")
        .expect(KIT.system(), () -> refused(s, type, ByteBuffer.allocateDirect(16)));
    LoggingTestKit.warn("found 4 bytes of FLOAT32, expected 8 bytes of FLOAT32")
        .expect(KIT.system(), () -> refused(s, length, ByteBuffer.allocateDirect(4)));
    s.filled();
    assertThat(s.read()).containsExactly("0: 1.0 2.0");
  }
}
