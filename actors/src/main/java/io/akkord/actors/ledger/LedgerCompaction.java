package io.akkord.actors.ledger;

import com.google.protobuf.InvalidProtocolBufferException;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.journal.JournalReader;
import io.akkord.proto.LedgerEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps the journal small: events that neither the newest checkpoint nor a recovery of the ledger's
 * actor needs move to the run's {@link LedgerHistory}, where readers find them. First they are on
 * the disk there, then they go from the journal; whoever reads meanwhile finds each once.
 *
 * <p>Of the attempt that goes on: events of steps before the checkpoint, and behind the oldest
 * snapshot that is kept, so that what a restarted actor replays stays. Of attempts before: all. The
 * first event of every attempt stays in the journal; it names the attempt.
 */
public final class LedgerCompaction {
  /** Fewer are not worth a file of their own. */
  static final int LEAST_EVENTS = 500;

  /** Events in a file at most; they are in memory while it is written. */
  private static final int MOST_EVENTS = 10_000;

  private final String runId;
  private final long attempt;
  private final Journal journal;
  private final LedgerHistory history;
  private final int least;

  /**
   * For one attempt of a run.
   *
   * @param journal where its ledger writes; other runs may be in it, too
   */
  public LedgerCompaction(Path runFolder, String runId, long attempt, Journal journal) {
    this(runFolder, runId, attempt, journal, LEAST_EVENTS);
  }

  LedgerCompaction(Path runFolder, String runId, long attempt, Journal journal, int least) {
    this.runId = runId;
    this.attempt = attempt;
    this.journal = journal;
    this.history = new LedgerHistory(runFolder);
    this.least = least;
  }

  /**
   * Moves what a verified checkpoint after so many steps has made superfluous; waits for disk and
   * database.
   *
   * @return how many events were moved
   * @throws IOException when the history cannot be written; the journal has all events then
   * @throws SQLException when the journal cannot be changed; what is in both is read once, and
   *     removed the next time
   */
  public long behind(long committedSteps) throws IOException, SQLException {
    long moved = 0;
    try (JournalReader reader = journal.reader()) {
      for (String id : reader.persistenceIds(LedgerSetup.persistenceIds(runId))) {
        long number = LedgerSetup.attemptOf(id);
        if (number < attempt) {
          moved += move(reader, id, number, Long.MAX_VALUE, Long.MAX_VALUE, 1);
        } else if (number == attempt) {
          moved += move(reader, id, number, committedSteps, reader.oldestSnapshot(id), least);
        }
      }
    }
    return moved;
  }

  /** Removes what a process that was killed had not finished; whoever has the run's lock may. */
  public static void clean(Path runFolder) {
    new LedgerHistory(runFolder).clean();
  }

  private long move(
      JournalReader reader, String id, long number, long steps, long snapshot, int least)
      throws IOException, SQLException {
    long from = history.last(number, 1) + 1;
    Bound bound = new Bound(steps, snapshot);
    List<LedgerEvent> events = new ArrayList<>();
    reader.events(
        id,
        from - 1,
        (sequenceNr, bytes) -> {
          if (events.size() < MOST_EVENTS && bound.isBehind(sequenceNr, bytes)) {
            events.add(bound.event());
          }
        });
    if (events.size() >= least) {
      history.write(number, from, events);
      from += events.size();
    }
    if (from > 2) {
      if (journal.isTakenOver()) {
        throw new IOException("another process has taken this run's journal over");
      }
      journal.delete(id, 2, from - 1);
    }
    return events.size() >= least ? events.size() : 0;
  }

  /** Where the events end that may go: the first that is needed, and all after it, stay. */
  private static final class Bound {
    private final long steps;
    private final long snapshot;
    private LedgerEvent event;
    private boolean reached;

    Bound(long steps, long snapshot) {
      this.steps = steps;
      this.snapshot = snapshot;
    }

    boolean isBehind(long sequenceNr, byte[] bytes) {
      if (reached) {
        return false;
      }
      event = parse(bytes);
      boolean needed =
          sequenceNr > snapshot
              || event.hasStepCommitted() && event.getStepCommitted().getStep() >= steps
              || event.hasCycleOpened() && event.getCycleOpened().getCommittedSteps() > steps;
      reached = needed;
      return !needed;
    }

    LedgerEvent event() {
      return event;
    }

    private static LedgerEvent parse(byte[] bytes) {
      try {
        return LedgerEvent.parseFrom(bytes);
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException("an event of this run that is none", e);
      }
    }
  }
}
