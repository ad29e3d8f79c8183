package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.BehaviorTestKit;
import akka.actor.typed.PostStop;
import io.akkord.actors.dashboard.Happenings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written of a run, whoever of those that are told of it fails. */
class RunEventsTest {
  private static final int STEPS = 10;
  private static final Clock CLOCK =
      Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC);

  @TempDir private Path folder;

  private static boolean isStep(RunEvent event, long number) {
    return event instanceof RunEvent.Step step && step.report().step() == number;
  }

  private static void failsAtStepThree(RunEvent event) {
    if (isStep(event, 3)) {
      throw new IllegalStateException("a chart broke");
    }
  }

  /** Ten steps, an evaluation and a checkpoint after each fifth, in files of their own. */
  private Path written(String name, RunListener listener, Listeners listenersOrNull)
      throws IOException {
    Path run = Files.createDirectories(folder.resolve(name));
    EventsFile events = EventsFile.open(run, listener);
    if (listenersOrNull != null) {
      listenersOrNull.recordTo(text -> events.on(new RunEvent.Note(text)));
    }
    BehaviorTestKit<RunEvent> actor =
        BehaviorTestKit.create(
            RunEvents.create(
                MetricsFile.open(run, 0), TensorBoardFile.open(run, 1, 0, CLOCK), events));
    for (int step = 0; step < STEPS; step++) {
      actor.run(Happenings.step(step));
      if (step % 5 == 4) {
        actor.run(Happenings.eval(step + 1));
        actor.run(Happenings.checkpoint(step + 1));
      }
    }
    actor.signal(PostStop.instance());
    events.close();
    return run;
  }

  /** Lines without the time at which each was written. */
  private static List<String> lines(Path run, String name) throws IOException {
    try (Stream<String> lines = Files.lines(run.resolve(name))) {
      return lines.map(line -> line.replaceFirst(",\"at\":\\d+", "")).toList();
    }
  }

  private static void assertSameFiles(Path run, Path expected) throws IOException {
    assertThat(lines(run, "metrics.jsonl"))
        .hasSize(STEPS)
        .isEqualTo(lines(expected, "metrics.jsonl"));
    assertThat(lines(run, "eval.jsonl")).hasSize(2).isEqualTo(lines(expected, "eval.jsonl"));
    try (Stream<Path> files = Files.walk(expected)) {
      Path board = files.filter(f -> f.toString().contains("tfevents")).findFirst().orElseThrow();
      assertThat(run.resolve(expected.relativize(board))).hasSameBinaryContentAs(board);
    }
  }

  @Test
  void aListenerThatFailsOnAStepCostsNoLineAndNoOtherListenerAnEvent() throws IOException {
    Path expected = written("expected", event -> {}, null);
    List<RunEvent> heardBefore = new ArrayList<>();
    List<RunEvent> heardAfter = new ArrayList<>();
    Listeners listeners =
        new Listeners()
            .with("the first", heardBefore::add)
            .with("the page", RunEventsTest::failsAtStepThree)
            .with("the last", heardAfter::add);
    Path run = written("run", listeners, listeners);

    assertSameFiles(run, expected);
    String note =
        "the page failed (java.lang.IllegalStateException: a chart broke) and is told nothing more; the run goes on";
    List<String> lines = new ArrayList<>(lines(run, "events.jsonl"));
    assertThat(lines.get(0)).isEqualTo("{\"kind\":\"note\",\"text\":\"%s\"}".formatted(note));
    assertThat(lines.subList(1, lines.size())).isEqualTo(lines(expected, "events.jsonl"));
    assertThat(heardAfter).isEqualTo(heardBefore).hasSize(STEPS + 4 + 1);
    assertThat(heardAfter.get(4)).as("said once, at once").isEqualTo(new RunEvent.Note(note));
  }

  @Test
  void whatFailsWithNobodyToCatchItStopsNoLineEither() throws IOException {
    Path expected = written("expected", event -> {}, null);
    List<RunEvent> heard = new ArrayList<>();
    Path run =
        written(
            "run",
            event -> {
              failsAtStepThree(event);
              heard.add(event);
            },
            null);
    assertSameFiles(run, expected);
    assertThat(lines(run, "events.jsonl")).isEqualTo(lines(expected, "events.jsonl"));
    assertThat(heard).hasSize(STEPS + 4 - 1);
  }

  @Test
  void linesThatCameBeforeThereIsARecordWaitForIt() {
    List<String> record = new ArrayList<>();
    Listeners listeners = new Listeners();
    listeners.with("watch", event -> listeners.note("for step " + event));
    listeners.on(new RunEvent.Note("a"));
    assertThat(record).isEmpty();
    listeners.recordTo(record::add);
    listeners.on(new RunEvent.Note("b"));
    assertThat(record).containsExactly("for step Note[text=a]", "for step Note[text=b]");
  }
}
