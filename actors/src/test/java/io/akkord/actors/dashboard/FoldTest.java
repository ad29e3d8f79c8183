package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The read model as a pure fold: events in, views out. */
class FoldTest {
  private static final int SEEDS = 60;

  static LongStream seeds() {
    return LongStream.range(0, SEEDS);
  }

  /** A change of any view shows here; when it is meant, the written file replaces the old one. */
  @Test
  void aFixedStoryGivesTheViewsOnRecord() throws IOException {
    String shown = Shown.all(Shown.foldTimed(Happenings.everything())) + "\n";
    Path written = Path.of("target", "story.json");
    Files.writeString(written, shown);
    try (InputStream golden = getClass().getResourceAsStream("/dashboard/story.json")) {
      assertThat(shown)
          .as("views of the story; the present ones are in " + written.toAbsolutePath())
          .isEqualTo(new String(golden.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void lookingAtAnyPointChangesNothingOfWhatFollows(long seed) {
    List<RunEvent> events = Happenings.random(seed, 400);
    RunModel looked = new RunModel();
    for (int i = 0; i < events.size(); i++) {
      looked.apply(new TimedEvent(0, events.get(i)));
      if (i % 37 == seed % 37) {
        Shown.assertSame(Shown.all(looked), Shown.all(Shown.fold(events.subList(0, i + 1))));
      }
    }
    Shown.assertSame(Shown.all(looked), Shown.all(Shown.fold(events)));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void stepsOfALaterAttemptReplaceThoseTheEarlierOneHadAfterItsCheckpoint(long seed) {
    List<RunEvent> events = Happenings.random(seed, 1_500);
    List<RunEvent> straight = Happenings.withoutTheSuperseded(events);
    assertThat(straight).as("something was taken back").hasSizeLessThan(events.size());
    RunModel model = Shown.fold(events);
    RunModel expected = Shown.fold(straight);
    assertThat(model.committedSteps()).isEqualTo(expected.committedSteps());
    if (model.last().isPresent()) {
      assertThat(model.last()).isEqualTo(expected.last());
    }
    assertThat(curves(model)).isEqualTo(curves(expected));
    assertThat(sums(model)).isEqualTo(sums(expected));
    assertThat(model.baselineEntropy()).isEqualTo(Double.valueOf(expected.baselineEntropy()));
  }

  @Test
  void aResumedAttemptDoesNotDoubleAChart() {
    List<RunEvent> events = new ArrayList<>(List.of(Happenings.opened(1, 0, 100)));
    LongStream.range(0, 60).forEach(s -> events.add(Happenings.varied(s, 1, null)));
    events.add(Happenings.opened(2, 40, 100));
    LongStream.range(40, 80).forEach(s -> events.add(Happenings.varied(s, 2, null)));
    Curves.Slice slice = Shown.fold(events).curves().slice(List.of("entropy"), 0);
    assertThat(slice.steps()).isEqualTo(LongStream.range(0, 80).toArray());
    double[] entropy = slice.values().get("entropy").mean();
    assertThat(entropy[39]).isEqualTo(1);
    assertThat(entropy[40]).as("computed again").isEqualTo(2);
  }

  /** 64 steps a bucket then; a checkpoint need not lie on its border. */
  @Test
  void aLongRunThatGoesBackHasEverySumRightToWithinABucket() {
    int steps = 100_000;
    RunModel model = new RunModel();
    model.apply(new TimedEvent(0, Happenings.opened(1, 0, steps)));
    LongStream.range(0, steps).forEach(s -> model.apply(new TimedEvent(0, Happenings.varied(s))));
    long[] lengths = {99_990, 99_700, 50_001};
    int attempt = 2;
    for (long from : lengths) {
      model.apply(new TimedEvent(0, Happenings.opened(attempt++, from, steps)));
      RunModel straight = new RunModel();
      LongStream.range(0, from)
          .forEach(s -> straight.apply(new TimedEvent(0, Happenings.varied(s))));
      assertThat(model.committedSteps()).isEqualTo(from);
      long width = model.curves().width();
      assertThat(width).isEqualTo(64);
      assertThat(model.samples()).isCloseTo(straight.samples(), within(8.0 * width));
      assertThat(model.tokens()).isCloseTo(straight.tokens(), within(104.0 * width));
      assertThat((double) model.clipped()).isCloseTo(straight.clipped(), within((double) width));
      assertThat(
              Arrays.stream(model.curves().slice(List.of("loss"), 0).values().get("loss").mean()))
          .allMatch(loss -> loss > 2 && loss <= 3);
    }
  }

  /** The usual case: the checkpoint lies within the latest steps. */
  @Test
  void aLongRunThatGoesBackToItsLastCheckpointHasEverySumExactly() {
    RunModel model = new RunModel();
    model.apply(new TimedEvent(0, Happenings.opened(1, 0, 20_000)));
    LongStream.range(0, 10_400).forEach(s -> model.apply(new TimedEvent(0, Happenings.varied(s))));
    model.apply(new TimedEvent(0, Happenings.opened(2, 10_001, 20_000)));
    RunModel straight = new RunModel();
    LongStream.range(0, 10_001)
        .forEach(s -> straight.apply(new TimedEvent(0, Happenings.varied(s))));
    assertThat(sums(model)).isEqualTo(sums(straight));
    assertThat(curves(model)).isEqualTo(curves(straight));
  }

  @Test
  void theBeginningOfAnAttemptThatIsInAlreadyTakesNothingBack() {
    RunModel model = new RunModel();
    model.apply(new TimedEvent(0, Happenings.opened(1, 0, 100)));
    LongStream.range(0, 10).forEach(s -> model.apply(new TimedEvent(0, Happenings.varied(s))));
    String before = Shown.all(model);
    model.apply(new TimedEvent(0, Happenings.opened(1, 0, 100)));
    LongStream.range(0, 10).forEach(s -> model.apply(new TimedEvent(0, Happenings.varied(s))));
    Shown.assertSame(Shown.all(model), before);
  }

  @Test
  void evaluationsAndCyclesAndCheckpointsAfterAResumePointAreTakenBack() {
    RunModel model =
        Shown.fold(
            List.of(
                Happenings.opened(1, 0, 100),
                Happenings.eval(5),
                Happenings.eval(10),
                Happenings.cycle(1, 5, 1),
                Happenings.cycle(2, 10, 1),
                Happenings.checkpoint(5),
                Happenings.checkpoint(10),
                Happenings.opened(2, 5, 100)));
    assertThat(model.evals()).extracting(e -> e.getCommittedSteps()).containsExactly(5L);
    assertThat(model.cycles()).extracting(c -> c.getCommittedSteps()).containsExactly(5L);
    assertThat(model.checkpoints()).extracting(c -> c.getCommittedSteps()).containsExactly(5L);
  }

  @Test
  void nothingGrowsBeyondItsBound() {
    RunModel model = new RunModel();
    model.apply(new TimedEvent(0, Happenings.opened(1, 0, 1_000_000)));
    for (int i = 0; i < 5_000; i++) {
      for (RunEvent event :
          List.of(
              Happenings.varied(i),
              Happenings.eval(i),
              Happenings.cycle(i + 1, i, 1),
              Happenings.checkpoint(i),
              Happenings.overdue(i),
              Happenings.worker(i, "joined"),
              new RunEvent.Note("x".repeat(LogRing.LONGEST + 100)))) {
        model.apply(new TimedEvent(i, event));
      }
    }
    assertThat(model.recent()).hasSize(RunModel.RECENT_STEPS);
    assertThat(model.curves().size()).isBetween(Curves.CAPACITY / 2, Curves.CAPACITY);
    assertThat(model.evals()).hasSize(RunModel.ROWS);
    assertThat(model.cycles()).hasSize(RunModel.ROWS);
    assertThat(model.checkpoints()).hasSize(RunModel.ROWS);
    assertThat(model.overdue()).hasSize(RunModel.ROWS);
    assertThat(model.workers()).hasSize(RunModel.ROWS);
    assertThat(model.log().find(0, "", "", Integer.MAX_VALUE))
        .hasSize(LogRing.CAPACITY)
        .allMatch(line -> line.text().length() <= LogRing.LONGEST + 2);
    ScoreHeat heat = new ScoreHeat();
    for (int step = 0; step < 1_000_000; step += 997) {
      heat.add(step, step % 1000);
    }
    assertThat(heat.counts().length).isBetween(ScoreHeat.COLUMNS / 2, ScoreHeat.COLUMNS);
  }

  @Test
  void aCurveKeepsLeastGreatestAndMeanHoweverLongTheRun() {
    RunModel model = new RunModel();
    int steps = 33_333;
    for (int i = 0; i < steps; i++) {
      double entropy = i == 20_000 ? 100 : i == 20_001 ? -100 : i % 2;
      model.apply(new TimedEvent(0, Happenings.varied(i, entropy, null)));
    }
    Curves.Values entropy = model.curves().slice(List.of("entropy"), 0).values().get("entropy");
    assertThat(entropy.max()).contains(100);
    assertThat(entropy.min()).contains(-100);
    assertThat(entropy.mean()[0]).isEqualTo(0.5);
    assertThat(model.curves().totals()).isEqualTo(sums(model));
    assertThat(model.samples()).isEqualTo(8.0 * steps);
  }

  private static Totals sums(RunModel m) {
    return new Totals(m.tokens(), m.samples(), m.seconds(), m.skipped(), m.clipped());
  }

  private static String curves(RunModel model) {
    Curves.Slice slice = model.curves().slice(Curves.NAMES, 0);
    StringBuilder text = new StringBuilder("width " + slice.width() + "\n");
    for (int i = 0; i < slice.steps().length; i++) {
      int at = i;
      text.append(slice.steps()[i]).append(' ').append(slice.tokens()[i]);
      slice
          .values()
          .forEach(
              (name, v) ->
                  text.append(' ').append(v.mean()[at] + "," + v.min()[at] + "," + v.max()[at]));
      text.append('\n');
    }
    return text.toString();
  }
}
