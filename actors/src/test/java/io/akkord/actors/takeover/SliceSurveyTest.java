package io.akkord.actors.takeover;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.akkord.actors.takeover.SliceSurvey.Holds;
import io.akkord.actors.takeover.SliceSurvey.Hosts;
import io.akkord.actors.takeover.SliceSurvey.Question;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.actors.worker.WorkerHost.WhatIsLeft;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Two hosts are expected; two slices are enough. */
class SliceSurveyTest {
  private static final ActorTestKit KIT = ActorTestKit.create();
  private static final Duration SOON = Duration.ofSeconds(3);
  private static final Duration LONG = Duration.ofMinutes(1);

  private final TestProbe<WorkerHost.Command> a = KIT.createTestProbe();
  private final TestProbe<WorkerHost.Command> b = KIT.createTestProbe();
  private final CompletableFuture<List<KeptCopy>> found = new CompletableFuture<>();
  private ActorRef<SliceSurvey.Command> survey;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void nothingMeansNothingOnceAllWhoAreExpectedHaveSaidSo() {
    begin(LONG);
    survey.tell(new Hosts(Set.of(a.ref())));
    answer(a);
    a.expectNoMessage(Duration.ofMillis(200));
    assertThat(found).isNotDone();
    survey.tell(new Hosts(Set.of(a.ref(), b.ref())));
    answer(b);
    assertThat(found).succeedsWithin(SOON).isEqualTo(List.of());
  }

  @Test
  void itAsksForTheAttemptsBeforeTheOneToCome() {
    begin(LONG);
    survey.tell(new Hosts(Set.of(a.ref())));
    WhatIsLeft asked = a.expectMessageClass(WhatIsLeft.class);
    assertThat(asked.runId()).isEqualTo("run");
    assertThat(asked.attempt()).isEqualTo(2);
  }

  @Test
  void whenEverybodyHasAnsweredAndItIsEnoughItEnds() {
    begin(LONG);
    survey.tell(new Hosts(Set.of(a.ref(), b.ref())));
    answer(a, copy("a", 0));
    assertThat(found).isNotDone();
    answer(b, copy("b", 1));
    assertThat(found)
        .succeedsWithin(SOON)
        .satisfies(all -> assertThat(all).extracting(KeptCopy::host).contains("a", "b"));
  }

  @Test
  void whatIsNotEnoughWaitsForHostsThatComeLater() {
    begin(LONG);
    survey.tell(new Hosts(Set.of(a.ref())));
    answer(a, copy("a", 0));
    survey.tell(new Hosts(Set.of(a.ref(), b.ref())));
    answer(b, copy("b", 1));
    assertThat(found).succeedsWithin(SOON).satisfies(all -> assertThat(all).hasSize(2));
  }

  @Test
  void aHostThatDoesNotAnswerIsAskedAgain() {
    begin(LONG);
    survey.tell(new Hosts(Set.of(a.ref())));
    a.expectMessageClass(WhatIsLeft.class);
    a.expectMessageClass(WhatIsLeft.class);
  }

  @Test
  void aSecondAnswerAndAStrangersAreNotCounted() {
    begin(LONG);
    survey.tell(new Hosts(Set.of(a.ref(), b.ref())));
    answer(a, copy("a", 0));
    survey.tell(new Holds(a.ref(), List.of(copy("a", 1))));
    TestProbe<WorkerHost.Command> stranger = KIT.createTestProbe();
    survey.tell(new Holds(stranger.ref(), List.of(copy("c", 1))));
    answer(b);
    b.expectNoMessage(Duration.ofMillis(200));
    assertThat(found).isNotDone();
  }

  @Test
  void withEnoughNobodyWaitsLongForASilentHost() {
    begin(Duration.ofSeconds(10));
    survey.tell(new Hosts(Set.of(a.ref(), b.ref())));
    answer(a, copy("a", 0), copy("a", 1));
    assertThat(found).succeedsWithin(SOON).satisfies(all -> assertThat(all).hasSize(2));
  }

  @Test
  void atTheDeadlineItEndsWithWhatWasSaid() {
    begin(Duration.ofMillis(300));
    survey.tell(new Hosts(Set.of(a.ref(), b.ref())));
    answer(a, copy("a", 0));
    assertThat(found).succeedsWithin(SOON).satisfies(all -> assertThat(all).hasSize(1));
  }

  private void begin(Duration deadline) {
    survey =
        KIT.spawn(
            SliceSurvey.create(
                new Question("run", 2, 2, deadline, copies -> copies.size() >= 2), found));
  }

  private void answer(TestProbe<WorkerHost.Command> host, KeptCopy... copies) {
    host.expectMessageClass(WhatIsLeft.class)
        .replyTo()
        .tell(new Holds(host.ref(), List.of(copies)));
  }

  private static KeptCopy copy(String host, int slice) {
    return new KeptCopy(host, 1, slice, slice, slice + 1, 5, -1, List.of());
  }
}
