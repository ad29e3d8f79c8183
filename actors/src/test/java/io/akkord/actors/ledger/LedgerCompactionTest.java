package io.akkord.actors.ledger;

import static io.akkord.actors.ledger.LedgerFixture.SETUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.actors.journal.JournalReader;
import io.akkord.actors.ledger.Ledger.PullTable;
import io.akkord.actors.ledger.Ledger.SaveTo;
import io.akkord.actors.ledger.Ledger.Saved;
import io.akkord.actors.ledger.Ledger.StepStored;
import io.akkord.actors.ledger.LedgerReader.History;
import io.akkord.model.UserError;
import io.akkord.proto.LedgerEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The journal stays small, and nobody who reads the ledger's history sees a difference. */
class LedgerCompactionTest {
  private static final int LEAST = 5;

  /** The ledger's actor takes a snapshot after so many events; the first event says who it is. */
  private static final long SNAPSHOT_AT_STEPS = 999;

  @TempDir Path run;

  @Test
  void whatACheckpointAndASnapshotCoverGoesAndTheHistoryIsTheSame() throws Exception {
    try (LedgerProcess ledger = new LedgerProcess(run, SETUP)) {
      commit(ledger, 0, 1100);
      List<LedgerVisit> before = export(ledger);
      int rows = rows(ledger);
      assertThat(compaction(ledger, 1).behind(1050)).isEqualTo(SNAPSHOT_AT_STEPS);
      assertThat(rows(ledger)).isEqualTo(rows - (int) SNAPSHOT_AT_STEPS);
      assertThat(export(ledger)).isEqualTo(before);
      assertThat(ledger.commit(1100)).as("it goes on").isEqualTo(new StepStored(1100));
      assertThat(compaction(ledger, 1).behind(1050)).as("nothing more is behind").isZero();
    }
    try (LedgerProcess again = new LedgerProcess(run, SETUP)) {
      assertThat(again.commit(5000)).as("recovered").isEqualTo(new StepStored(1100));
      assertThat(again.ask(PullTable::new).samples()).isEmpty();
      assertThat(export(again)).hasSize(2 * 1101);
    }
    try (LedgerReader reader = LedgerReader.open(run)) {
      History history = reader.history(3);
      assertThat(history.visits()).hasSize(1101);
      assertThat(reader.state(700).committedSteps()).isEqualTo(700);
    }
  }

  @Test
  void withoutASnapshotEverythingStaysForTheNextRecovery() throws Exception {
    try (LedgerProcess ledger = new LedgerProcess(run, SETUP)) {
      commit(ledger, 0, 50);
      int rows = rows(ledger);
      assertThat(compaction(ledger, 1).behind(40)).isZero();
      assertThat(rows(ledger)).isEqualTo(rows);
    }
    assertThat(run.resolve("history")).doesNotExist();
  }

  @Test
  void stepsThatNoCheckpointHasStayAndAGapIsNamed() throws Exception {
    try (LedgerProcess ledger = new LedgerProcess(run, SETUP)) {
      commit(ledger, 0, 1010);
      assertThat(compaction(ledger, 1).behind(20)).isEqualTo(20);
      assertThat(rows(ledger)).isEqualTo(1 + 1010 - 20);
      try (Stream<Path> files = Files.list(run.resolve("history"))) {
        Files.delete(files.findFirst().orElseThrow());
      }
      assertThatThrownBy(() -> export(ledger))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("event 2 of attempt 1");
    }
  }

  @Test
  void attemptsThatAreOverGoWholeButForTheirFirstEvent() throws Exception {
    LedgerSetup second = secondAttempt();
    try (LedgerProcess ledger = new LedgerProcess(run, second)) {
      commit(ledger, 20, 25);
      List<LedgerVisit> before = export(ledger);
      assertThat(compaction(ledger, 2).behind(22)).isEqualTo(30);
      assertThat(rows(ledger)).as("first events, and the second attempt's").isEqualTo(2 + 5);
      assertThat(export(ledger)).isEqualTo(before);
      try (LedgerReader reader = LedgerReader.of(run, SETUP.runId(), ledger.journal())) {
        assertThat(reader.lastAttempt()).isEqualTo(2);
        assertThat(reader.lineage()).containsExactly(2L);
      }
    }
  }

  @Test
  void anAttemptThatIsNewerThanTheOneThatCompactsIsLeftAlone() throws Exception {
    LedgerSetup second = secondAttempt();
    try (LedgerProcess ledger = new LedgerProcess(run, second)) {
      commit(ledger, 20, 25);
      int rows = rows(ledger);
      assertThat(compaction(ledger, 1).behind(1000)).isZero();
      assertThat(rows(ledger)).isEqualTo(rows);
    }
  }

  @Test
  void whatStandsInBothPlacesIsReadOnceAndRemovedTheNextTime() throws Exception {
    LedgerSetup second = secondAttempt();
    try (LedgerProcess ledger = new LedgerProcess(run, second)) {
      commit(ledger, 20, 25);
      List<LedgerVisit> before = export(ledger);
      // The process ended between the file and the deletion.
      new LedgerHistory(run).write(1, 2, stored(ledger, 1).subList(1, 21));
      assertThat(export(ledger)).isEqualTo(before);
      assertThat(compaction(ledger, 2).behind(22)).isEqualTo(10);
      assertThat(rows(ledger)).isEqualTo(2 + 5);
      assertThat(export(ledger)).isEqualTo(before);
    }
  }

  @Test
  void aDamagedOrMissingPartIsNamed() throws Exception {
    LedgerSetup second = secondAttempt();
    try (LedgerProcess ledger = new LedgerProcess(run, second)) {
      commit(ledger, 20, 25);
      compaction(ledger, 2).behind(22);
      Path part;
      try (Stream<Path> files = Files.list(run.resolve("history"))) {
        part = files.findFirst().orElseThrow();
      }
      byte[] whole = Files.readAllBytes(part);
      byte[] bytes = whole.clone();
      bytes[bytes.length / 2] ^= 1;
      Files.write(part, bytes);
      assertThatThrownBy(() -> export(ledger))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(part.toString())
          .hasMessageContaining("damaged");
      Files.write(part, Arrays.copyOf(whole, whole.length - 20));
      assertThatThrownBy(() -> export(ledger)).hasMessageContaining("damaged");
      Files.delete(part);
      assertThatThrownBy(() -> export(ledger))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("attempt 2 went on after step 20, but only 0 steps");
    }
  }

  /** Thirty steps of a first attempt, of which the checkpoint after twenty is resumed. */
  private LedgerSetup secondAttempt() throws Exception {
    try (LedgerProcess first = new LedgerProcess(run, SETUP)) {
      commit(first, 0, 20);
      Path file = run.resolve("ledger.bin");
      Saved saved = first.ask(to -> new SaveTo(file.toString(), 20, to));
      assertThat(saved.error()).isNull();
      commit(first, 20, 30);
      LedgerSeed seed = new LedgerSeed(LedgerFile.read(file), List.of());
      return LedgerFixture.setup(ScoreKind.Z, 0.3, 1, Optional.of(seed));
    }
  }

  private LedgerCompaction compaction(LedgerProcess ledger, long attempt) {
    return new LedgerCompaction(run, SETUP.runId(), attempt, ledger.journal(), LEAST);
  }

  private static void commit(LedgerProcess ledger, int from, int to) throws Exception {
    ledger.commitAll(from, to);
  }

  private List<LedgerVisit> export(LedgerProcess ledger) {
    List<LedgerVisit> visits = new ArrayList<>();
    try (LedgerReader reader = LedgerReader.of(run, SETUP.runId(), ledger.journal())) {
      reader.export(visits::add);
    }
    return visits;
  }

  private static List<LedgerEvent> stored(LedgerProcess ledger, long attempt) throws Exception {
    List<LedgerEvent> events = new ArrayList<>();
    try (JournalReader reader = ledger.journal().reader()) {
      List<byte[]> bytes = new ArrayList<>();
      reader.events("ledger|first|" + attempt, 0, (number, event) -> bytes.add(event));
      for (byte[] event : bytes) {
        events.add(LedgerEvent.parseFrom(event));
      }
    }
    return events;
  }

  private static int rows(LedgerProcess ledger) {
    List<Long> numbers = new ArrayList<>();
    try (JournalReader reader = ledger.journal().reader()) {
      for (String id : reader.persistenceIds("ledger|")) {
        reader.events(id, 0, (number, event) -> numbers.add(number));
      }
    }
    return numbers.size();
  }
}
