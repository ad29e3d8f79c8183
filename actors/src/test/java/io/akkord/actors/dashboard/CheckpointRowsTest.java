package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.checkpoint.CheckpointContent;
import io.akkord.actors.checkpoint.CheckpointFixture;
import io.akkord.actors.checkpoint.CheckpointWriter;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of checkpoints, and that it is what a resume does. */
class CheckpointRowsTest {
  @TempDir private Path run;

  private final Deque<Runnable> background = new ArrayDeque<>();
  private final CheckpointVerdicts verdicts = new CheckpointVerdicts(background::add);

  @BeforeEach
  void writeThree() {
    CheckpointWriter writer = new CheckpointWriter(10, CheckpointFixture.CLOCK, FreeSpace.real());
    for (long steps : List.of(2L, 4L, 6L)) {
      writer.write(run, CheckpointFixture.content(steps));
    }
  }

  private List<Map<String, Object>> rows(CheckpointFinished... told) {
    return CheckpointRows.of(Checkpoints.list(run), List.of(told), verdicts);
  }

  private List<Map<String, Object>> verified() {
    rows();
    while (!background.isEmpty()) {
      background.poll().run();
    }
    return rows();
  }

  private Path model(long steps) {
    return Checkpoints.folder(run, steps).resolve("model.safetensors");
  }

  private void flip(long steps) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(model(steps).toFile(), "rw")) {
      file.seek(file.length() - 1);
      int old = file.read();
      file.seek(file.length() - 1);
      file.write(old ^ 1);
    }
  }

  private static List<Object> column(List<Map<String, Object>> rows, String name) {
    return rows.stream().map(row -> row.get(name)).toList();
  }

  private void assertResumedIsWhatAResumeTakes(List<Map<String, Object>> rows) {
    Object taken =
        Checkpoints.newestVerified(run, passedOver -> {})
            .map(Checkpoint::committedSteps)
            .orElseThrow();
    assertThat(rows.stream().filter(r -> r.get("resumes_from_here").equals(true)).toList())
        .singleElement()
        .satisfies(row -> assertThat(row.get("committed_steps")).isEqualTo(taken));
  }

  @Test
  void wholeOnesAreCompleteAtOnceAndVerifiedWhenTheyWereRead() {
    List<Map<String, Object>> first = rows();
    assertThat(column(first, "committed_steps")).containsExactly(6L, 4L, 2L);
    assertThat(column(first, "state")).containsOnly("complete");
    assertThat(column(first, "verified")).containsOnlyNulls();
    List<Map<String, Object>> later = verified();
    assertThat(column(later, "verified")).containsOnly(true);
    assertThat(column(later, "fault")).containsOnlyNulls();
    assertThat(later.get(0).get("sha256").toString()).hasSize(64);
    assertResumedIsWhatAResumeTakes(later);
  }

  @Test
  void eachIsReadOnceHoweverOftenAPageAsks() {
    rows();
    rows();
    assertThat(background).hasSize(3);
    verified();
    rows();
    assertThat(background).isEmpty();
  }

  @Test
  void aTruncatedOneIsNotWholeThoughItsManifestIs() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(model(6).toFile(), "rw")) {
      file.setLength(file.length() - 1);
    }
    List<Map<String, Object>> rows = rows();
    assertThat(column(rows, "state"))
        .containsExactly("not a whole checkpoint", "complete", "complete");
    assertThat(rows.get(0).get("verified")).isEqualTo(false);
    assertThat(rows.get(0).get("fault").toString()).contains("model.safetensors: ", "expected");
    assertThat(column(rows, "resumes_from_here")).containsExactly(false, true, false);
    assertResumedIsWhatAResumeTakes(verified());
  }

  @Test
  void aFlippedBitIsFoundByTheHashAndAResumeTakesTheOneBefore() throws IOException {
    flip(6);
    assertThat(rows().get(0)).containsEntry("state", "complete").containsEntry("verified", null);
    List<Map<String, Object>> rows = verified();
    assertThat(column(rows, "verified")).containsExactly(false, true, true);
    assertThat(column(rows, "state")).containsExactly("damaged", "complete", "complete");
    assertThat(rows.get(0).get("fault").toString()).contains("SHA-256 ", ", expected ");
    assertResumedIsWhatAResumeTakes(rows);
  }

  @Test
  void whatIsHarmedAfterItWasVerifiedIsReadAgain() throws IOException {
    verified();
    flip(4);
    Files.setLastModifiedTime(model(4), java.nio.file.attribute.FileTime.fromMillis(7_000));
    assertThat(column(rows(), "verified")).containsExactly(true, null, true);
    assertThat(column(verified(), "verified")).containsExactly(true, false, true);
  }

  @Test
  void onlyOneIsTheBestThoughEachWasWhenItWasWritten() {
    CheckpointWriter writer = new CheckpointWriter(10, CheckpointFixture.CLOCK, FreeSpace.real());
    for (long steps : List.of(8L, 10L)) {
      CheckpointManifest.Builder facts = CheckpointFixture.facts(steps);
      facts.getBestBuilder().setCommittedSteps(steps);
      writer.write(run, CheckpointFixture.content(facts.build(), CheckpointContent.Dtype.F32));
    }
    assertThat(column(rows(), "committed_steps")).containsExactly(10L, 8L, 6L, 4L, 2L);
    assertThat(column(rows(), "best")).containsExactly(true, false, false, false, false);
  }

  @Test
  void oneThatRotationRemovedIsShownWithItsTimes() {
    CheckpointFinished removed =
        CheckpointFinished.newBuilder()
            .setCommittedSteps(1)
            .setSeconds(2.5)
            .setBlockedSeconds(0.125)
            .build();
    List<Map<String, Object>> rows =
        rows(removed, removed.toBuilder().setCommittedSteps(4).build());
    assertThat(column(rows, "committed_steps")).containsExactly(6L, 4L, 2L, 1L);
    assertThat(column(rows, "checkpoint_blocked_seconds"))
        .containsExactly(null, 0.125, null, 0.125);
    assertThat(column(rows, "seconds")).containsExactly(null, 2.5, null, 2.5);
    assertThat(rows.get(3))
        .containsEntry("state", "removed by rotation")
        .containsEntry("resumes_from_here", false)
        .containsEntry("verified", null);
  }

  @Test
  void aFolderWithoutAManifestIsNoCheckpointAndHidesNoOther() throws IOException {
    Files.createDirectories(Checkpoints.folder(run, 9));
    List<Map<String, Object>> rows = verified();
    assertThat(column(rows, "state"))
        .containsExactly("not a whole checkpoint", "complete", "complete", "complete");
    assertResumedIsWhatAResumeTakes(rows);
  }
}
