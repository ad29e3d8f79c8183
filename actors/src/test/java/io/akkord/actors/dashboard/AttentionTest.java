package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.dashboard.Attention.Disk;
import io.akkord.actors.dashboard.Attention.Entry;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each rule by a run that breaks it and one that does not. */
class AttentionTest {
  private final RunModel run = new RunModel();

  @BeforeEach
  void open() {
    tell(Happenings.opened(1, 0, 1000));
  }

  private void tell(RunEvent event) {
    run.apply(new TimedEvent(1, event));
  }

  private void steps(int from, int to, double entropy) {
    for (int step = from; step < to; step++) {
      tell(new RunEvent.Step(Happenings.report(step, entropy, false, null)));
    }
  }

  private List<Entry> entries() {
    List<Entry> entries = Attention.of(run, Disk.UNKNOWN);
    assertThat(entries).allMatch(e -> !e.reason().isBlank() && !e.advice().isBlank());
    return entries;
  }

  private List<String> about() {
    return entries().stream().map(Entry::about).toList();
  }

  @Test
  void aRunThatGoesWellNeedsNobody() {
    steps(0, 200, 1.5);
    tell(Happenings.cycle(1, 100, 3));
    for (int step = 0; step < 60; step++) {
      tell(Happenings.phases(step, 1, 1.2));
    }
    assertThat(about()).isEmpty();
  }

  @Test
  void entropyOutOfItsBandIsNamedBothWays() {
    steps(0, 32, 2.0);
    steps(32, 100, 0.4);
    assertThat(about()).containsExactly("entropy is low");
    steps(100, 200, 6.0);
    assertThat(about()).containsExactly("entropy is high");
    steps(200, 300, 2.2);
    assertThat(about()).isEmpty();
  }

  @Test
  void skippedStepsAreAWarningAndManyAreAnError() {
    steps(0, 50, 1.5);
    tell(new RunEvent.Step(Happenings.report(50, 1.5, false, "loss is NaN")));
    assertThat(entries()).singleElement().extracting(Entry::severity).isEqualTo("warn");
    for (int step = 51; step < 160; step++) {
      tell(new RunEvent.Step(Happenings.report(step, 1.5, false, "loss is NaN")));
    }
    assertThat(entries()).singleElement().extracting(Entry::severity).isEqualTo("error");
  }

  @Test
  void aCycleWithoutARewriteTakenIsNamedUntilOneHasSome() {
    tell(Happenings.cycle(1, 10, 0));
    assertThat(about()).containsExactly("no rewrite taken");
    tell(Happenings.cycle(2, 20, 1));
    assertThat(about()).isEmpty();
  }

  @Test
  void rewritesThatRepeatThemselvesAreNamedUntilACycleDoesNot() {
    tell(Happenings.distinct(1, 10, 0.93));
    assertThat(about()).isEmpty();
    tell(Happenings.distinct(2, 20, 0.31));
    assertThat(entries())
        .singleElement()
        .satisfies(
            e -> {
              assertThat(e.about()).isEqualTo("rewrites repeat themselves");
              assertThat(e.reason()).contains("cycle 2", "31 %");
            });
    tell(Happenings.cycle(3, 30, 2));
    assertThat(about()).as("a cycle of short texts says nothing").hasSize(1);
    tell(Happenings.distinct(4, 40, 0.9));
    assertThat(about()).isEmpty();
  }

  @Test
  void whoIsLateInMostStepsIsAStraggler() {
    for (int step = 0; step < 9; step++) {
      tell(Happenings.phases(step, 1, 2));
    }
    assertThat(about()).as("too few to tell").isEmpty();
    tell(Happenings.phases(9, 1, 2));
    assertThat(entries()).singleElement().extracting(Entry::reason).asString().contains("worker-1");
    for (int step = 10; step < 70; step++) {
      tell(Happenings.phases(step, 1, step % 3 == 0 ? 2 : 1));
    }
    assertThat(about()).as("now and then is no matter").isEmpty();
  }

  @Test
  void lostWorkersAndMissedDeadlinesAreNamedWhileTheRunGoesOn() {
    tell(new RunEvent.Worker("worker-1", "lost", "killed"));
    tell(new RunEvent.Overdue(3, List.of("worker-1"), "step 3 waited"));
    tell(new RunEvent.Overdue(7, List.of("worker-1"), "step 7 waited"));
    assertThat(about()).containsExactlyInAnyOrder("workers lost", "step deadlines missed");
    tell(new RunEvent.Worker("worker-1", "joined", "again"));
    assertThat(about()).containsExactly("step deadlines missed");
  }

  @Test
  void aDiskThatTakesNoSecondCheckpointIsNamedWithItsFigures() {
    long gib = 1L << 30;
    assertThat(Attention.of(run, new Disk(100 * gib, 1000 * gib, gib))).isEmpty();
    assertThat(Attention.of(run, new Disk(10 * gib, 1000 * gib, gib)))
        .singleElement()
        .satisfies(
            e -> {
              assertThat(e.severity()).isEqualTo("warn");
              assertThat(e.reason()).contains("10.0 GiB free", "1.0 GiB");
            });
    assertThat(Attention.of(run, new Disk(gib / 2, 1000 * gib, gib)))
        .singleElement()
        .extracting(Entry::severity)
        .isEqualTo("error");
  }

  @Test
  void aFailedRunSaysWhyFirst() {
    tell(Happenings.cycle(1, 10, 0));
    tell(new RunEvent.Ended(12, "failed", "the disk is full", null));
    assertThat(entries().get(0).reason()).isEqualTo("the disk is full");
    assertThat(entries().get(0).severity()).isEqualTo("error");
  }

  @Test
  void gradientsThatAreAlwaysClippedAreWorthAWord() {
    for (int step = 0; step < 100; step++) {
      tell(new RunEvent.Step(Happenings.report(step, 1.5, true, null)));
    }
    assertThat(entries()).singleElement().extracting(Entry::severity).isEqualTo("info");
  }
}
