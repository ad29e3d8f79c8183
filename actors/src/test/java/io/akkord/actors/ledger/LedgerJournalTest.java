package io.akkord.actors.ledger;

import static io.akkord.actors.ledger.LedgerFixture.SETUP;
import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.ForkedJvm;
import io.akkord.actors.ledger.Ledger.CloseCycle;
import io.akkord.actors.ledger.Ledger.CycleClosed;
import io.akkord.actors.ledger.Ledger.CycleOpened;
import io.akkord.actors.ledger.Ledger.GroupStored;
import io.akkord.actors.ledger.Ledger.OpenCycle;
import io.akkord.actors.ledger.Ledger.PullTable;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.SaveTo;
import io.akkord.actors.ledger.Ledger.Saved;
import io.akkord.actors.ledger.Ledger.StepStored;
import io.akkord.actors.ledger.Ledger.StoreGroup;
import io.akkord.actors.ledger.Ledger.TableContent;
import io.akkord.actors.ledger.LedgerReader.History;
import io.akkord.actors.ledger.LedgerReader.Row;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ledger on the database that users have. */
class LedgerJournalTest {

  @Test
  void aLedgerOpenedAgainIsTheOneThatWasClosed(@TempDir Path run) throws Exception {
    CycleClosed closed;
    try (LedgerProcess ledger = new LedgerProcess(run, SETUP)) {
      ledger.commit(0);
      ledger.commit(1);
      closed = cycle(ledger, 1, 2);
      ledger.commit(2);
    }
    try (LedgerProcess ledger = new LedgerProcess(run, SETUP)) {
      assertThat(ledger.commit(2)).isEqualTo(new StepStored(2));
      assertThat(ledger.commit(9)).isEqualTo(new StepStored(2));
      TableContent table = ledger.ask(PullTable::new);
      assertThat(table.stamp()).isEqualTo(closed.table());
      assertThat(table.samples()).hasSize(1);
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenTheProcessIsKilled(@TempDir Path run) throws Exception {
    long acknowledged = -1;
    for (int kill = 0; kill < 3; kill++) {
      try (ForkedJvm process =
          ForkedJvm.start(LedgerProcess.class, run.toString(), Long.toString(acknowledged + 1))) {
        for (int i = 0; i < 20 + kill; i++) {
          acknowledged = Long.parseLong(process.readLine());
        }
        process.kill();
        for (String more = process.readLine(); more != null; more = process.readLine()) {
          acknowledged = Long.parseLong(more);
        }
      }
      try (LedgerReader reader = LedgerReader.open(run)) {
        // One step may have been stored whose acknowledgement was on its way.
        assertThat(reader.state().committedSteps()).isBetween(acknowledged + 1, acknowledged + 2);
        assertThat(reader.top(1)).extracting(Row::sample).containsExactly(3);
        acknowledged = reader.state().committedSteps() - 1;
      }
    }
  }

  @Test
  void theReaderJoinsTheAttemptsAndDropsWhatALaterOneComputedAgain(@TempDir Path run)
      throws Exception {
    LedgerSetup second;
    try (LedgerProcess first = new LedgerProcess(run, SETUP)) {
      first.commit(0);
      first.commit(1);
      cycle(first, 1, 2);
      Path file = run.resolve("ledger.bin");
      Saved saved = first.ask(replyTo -> new SaveTo(file.toString(), 2, replyTo));
      assertThat(saved.error()).isNull();
      first.commit(2);
      first.commit(3);
      cycle(first, 2, 4);
      try (LedgerReader reader = LedgerReader.of(run, SETUP.runId(), first.journal())) {
        assertThat(reader.lastAttempt()).isEqualTo(1);
        var groups = reader.finishedGroupsAfter(2);
        assertThat(groups)
            .singleElement()
            .satisfies(g -> assertThat(g.committedSteps()).isEqualTo(4));
        LedgerSeed seed = new LedgerSeed(LedgerFile.read(file), groups);
        second = LedgerFixture.setup(ScoreKind.Z, 0.3, 1, Optional.of(seed));
      }
    }
    try (LedgerProcess resumed = new LedgerProcess(run, second)) {
      resumed.commit(2);
      resumed.commit(3);
      CycleOpened again = resumed.ask(replyTo -> new OpenCycle(2, 4, replyTo));
      assertThat(again.missingGroups()).as("the first attempt did it").isEmpty();
      CycleClosed closed = resumed.ask(replyTo -> new CloseCycle(2, replyTo));
      assertThat(closed.accepted()).isEqualTo(1);
      resumed.commit(4);
    }
    try (LedgerReader reader = LedgerReader.open(run)) {
      assertThat(reader.lastAttempt()).isEqualTo(2);
      History history = reader.history(3);
      assertThat(history.visits())
          .extracting(LedgerVisit::step)
          .containsExactly(0L, 1L, 2L, 3L, 4L);
      assertThat(history.visits())
          .extracting(LedgerVisit::attempt)
          .containsExactly(1L, 1L, 2L, 2L, 2L);
      assertThat(history.visits()).extracting(LedgerVisit::revision).containsExactly(0, 0, 1, 1, 2);
      assertThat(history.visits().get(0).z()).isEqualTo(3 / (1 + 1e-6));
      assertThat(history.versions())
          .extracting(LedgerVersion::committedSteps)
          .containsExactly(2L, 4L);
      assertThat(history.versions().get(1).text()).isEqualTo("text of 3");
      assertThat(reader.top(5)).hasSize(2).first().extracting(Row::revision).isEqualTo(2);
      List<LedgerVisit> rows = new ArrayList<>();
      LedgerState state = reader.export(rows::add);
      assertThat(rows).hasSize(10);
      assertThat(state.committedSteps()).isEqualTo(5);
    }
  }

  /** Opens a cycle, rewrites all its samples, closes it. */
  private static CycleClosed cycle(LedgerProcess ledger, int cycle, long steps) throws Exception {
    CycleOpened opened = ledger.ask(replyTo -> new OpenCycle(cycle, steps, replyTo));
    for (Ledger.RewriteGroup group : opened.missingGroups()) {
      List<RewriteOutcome> outcomes =
          group.tasks().stream()
              .map(
                  task ->
                      new RewriteOutcome(
                          task.sample(),
                          task.nextRevision(),
                          true,
                          "ends in EOS",
                          new int[] {task.sample(), 2},
                          "text of " + task.sample(),
                          5,
                          1,
                          steps))
              .toList();
      GroupStored stored =
          ledger.ask(replyTo -> new StoreGroup(cycle, group.group(), outcomes, replyTo));
      assertThat(stored).isEqualTo(new GroupStored(cycle, group.group()));
    }
    return ledger.ask(replyTo -> new CloseCycle(cycle, replyTo));
  }
}
