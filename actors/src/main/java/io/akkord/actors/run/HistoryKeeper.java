package io.akkord.actors.run;

import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.LedgerCompaction;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the journal smaller after each checkpoint, beside the run, one time after the other. */
final class HistoryKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(HistoryKeeper.class);

  private final Path runFolder;
  private final String runId;
  private final Journal journal;
  private final Executor blockingIo;
  private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

  HistoryKeeper(Path runFolder, String runId, Journal journal, Executor blockingIo) {
    this.runFolder = runFolder;
    this.runId = runId;
    this.journal = journal;
    this.blockingIo = blockingIo;
  }

  /** A checkpoint is whole on the disk. */
  synchronized void onCheckpoint(long attempt, long committedSteps) {
    LedgerCompaction compaction = new LedgerCompaction(runFolder, runId, attempt, journal);
    last = last.thenRunAsync(() -> behind(compaction, committedSteps), blockingIo);
  }

  private void behind(LedgerCompaction compaction, long committedSteps) {
    try {
      long moved = compaction.behind(committedSteps);
      LOG.debug("{} events before step {} went to the history", moved, committedSteps);
    } catch (IOException | SQLException | RuntimeException e) {
      // Nothing is lost, and the next checkpoint tries again.
      LOG.warn("the journal of {} cannot be made smaller: {}", runFolder, e.toString());
    }
  }

  /** Waits until nothing is under way; before the journal is closed. */
  void finish(long seconds) throws Exception {
    CompletableFuture<Void> now;
    synchronized (this) {
      now = last;
    }
    now.get(seconds, TimeUnit.SECONDS);
  }
}
