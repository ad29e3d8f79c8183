package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunRecord;
import io.akkord.actors.run.TimedEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run's view from its folder, whenever it is looked at, and from its own events. */
class RecordTest {
  @TempDir private Path folder;

  static LongStream seeds() {
    return LongStream.range(0, 25);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void readingAFolderInPiecesGivesWhatReadingItAtOnceGives(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    try (RunRecord record = RunRecord.create(folder.resolve("run"), "run");
        RunView pieces = RunView.of(record.folder());
        RunView whole = RunView.of(record.folder())) {
      for (RunEvent event : Happenings.random(seed, 300)) {
        record.write(event);
        if (random.nextInt(20) == 0) {
          pieces.refresh();
        }
      }
      pieces.refresh();
      whole.refresh();
      // A piece keeps the lines of steps it was told of in their order; all numbers agree.
      Shown.assertSame(numbers(pieces), numbers(whole));
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void aRunThatIsFollowedLooksLikeOneThatIsReadAfterwards(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    List<RunEvent> events = Happenings.random(seed, 300);
    int followedFrom = 1 + random.nextInt(60);
    try (RunRecord record = RunRecord.create(folder.resolve("run"), "run");
        RunView live = RunView.of(record.folder());
        RunView read = RunView.of(record.folder())) {
      for (int i = 0; i < events.size(); i++) {
        record.write(events.get(i));
        boolean waits = i == followedFrom;
        if (waits) {
          // The record has it, and it is told all the same.
          live.follow(new Run());
        }
        live.on(new TimedEvent(0, events.get(i)));
      }
      read.refresh();
      Shown.assertSame(numbers(live), numbers(read));
      live.leave();
      assertThat(live.live()).isEmpty();
      Shown.assertSame(live.read(Shown::numbers), read.read(Shown::numbers));
      assertThat(live.<List<String>>read(RecordTest::lines))
          .isEqualTo(read.read(RecordTest::lines));
    }
  }

  private static List<String> lines(RunModel model) {
    return model.log().find(0, "", "", 10_000).stream().map(LogLine::text).toList();
  }

  /** Times are left out: live ones are not those on record. */
  private static String numbers(RunView view) {
    return view.read(Shown::numbers).replaceAll("\"since\" : \\d+", "\"since\" : 0");
  }

  @Test
  void whatAResumeCutOffIsNotShownAnyMore() throws IOException {
    try (RunRecord record = RunRecord.create(folder.resolve("run"), "run");
        RunView view = RunView.of(record.folder())) {
      record.write(Happenings.opened(1, 0, 100));
      for (int step = 0; step < 30; step++) {
        record.write(Happenings.varied(step));
      }
      view.refresh();
      long version = view.read(RunModel::version);
      record.write(Happenings.opened(2, 10, 100)).write(Happenings.varied(10));
      view.refresh();
      assertThat(view.<Long>read(RunModel::committedSteps)).isEqualTo(11);
      assertThat(view.<Long>read(RunModel::version))
          .as("pages see that something changed")
          .isGreaterThan(version);
    }
  }

  @Test
  void aLineThatIsHalfWrittenWaitsAndOneThatIsBrokenIsPassedOver() throws IOException {
    try (RunRecord record = RunRecord.create(folder.resolve("run"), "run");
        RunView view = RunView.of(record.folder())) {
      record.write(Happenings.opened(1, 0, 100)).write(Happenings.varied(0));
      Path metrics = record.folder().resolve("metrics.jsonl");
      String first = Files.readString(metrics);
      Files.writeString(metrics, first + "{\"step\": 1, \"lo");
      view.refresh();
      assertThat(view.<Long>read(RunModel::committedSteps)).isEqualTo(1);
      Files.writeString(
          metrics, first + "{\"step\": 1, \"loss\": 2}\nnot json\n{\"step\": 2, \"loss\": 2}\n");
      view.refresh();
      assertThat(view.<Long>read(RunModel::committedSteps)).isEqualTo(3);
    }
  }

  @Test
  void oneBrokenRunHidesNoOther() throws IOException {
    RunRecord.create(folder.resolve("good"), "good").close();
    for (String text : List.of("", "[]", "{\"run_id\": \"\"}", "{\"run_id\": 7")) {
      Path broken = Files.createDirectories(folder.resolve("broken" + text.length()));
      Files.writeString(broken.resolve("run.json"), text);
    }
    try (RunSet runs = RunSet.under(folder)) {
      runs.refresh();
      assertThat(runs.all()).extracting(RunView::id).containsExactly("good");
      assertThat(runs.find("")).map(RunView::id).contains("good");
      Path mended = folder.resolve("broken0/run.json");
      Files.writeString(
          mended, "{\"run_id\": \"mended\", \"created_at\": \"2026-01-01T00:00:00Z\"}");
      runs.refresh();
      assertThat(runs.all()).extracting(RunView::id).containsExactly("mended", "good");
    }
  }

  @Test
  void ofManyRunsTheNewestAreShown() throws IOException {
    for (int i = 0; i < RunSet.LIMIT + 15; i++) {
      Path run = Files.createDirectories(folder.resolve("run" + i));
      Files.writeString(
          run.resolve("run.json"),
          "{\"run_id\": \"r%d\", \"created_at\": \"2026-01-01T00:%02d:00Z\"}".formatted(i, i));
    }
    try (RunSet runs = RunSet.under(folder)) {
      runs.refresh();
      assertThat(runs.all()).hasSize(RunSet.LIMIT);
      assertThat(runs.all().get(0).id()).isEqualTo("r" + (RunSet.LIMIT + 14));
    }
  }

  private static final class Run implements LiveRun {
    @Override
    public void stop(String reason) {}

    @Override
    public LedgerReader ledger() {
      throw new IllegalStateException("nobody asks");
    }

    @Override
    public List<ActorTree.Row> actors() {
      return List.of();
    }

    @Override
    public List<String> devices() {
      return List.of();
    }

    @Override
    public List<NodeBoard.Node> nodes() {
      return List.of();
    }
  }
}
