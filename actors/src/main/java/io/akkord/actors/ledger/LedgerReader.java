package io.akkord.actors.ledger;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.InvalidProtocolBufferException;
import io.akkord.actors.journal.EventSource;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.journal.JournalReader;
import io.akkord.actors.ledger.LedgerSeed.FinishedGroup;
import io.akkord.model.UserError;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerEvent.LedgerSeeded;
import io.akkord.proto.LedgerEvent.StepCommitted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The whole history of a run, over all its attempts: what a later attempt computed again replaces
 * what the earlier one had.
 */
public final class LedgerReader implements AutoCloseable {

  /**
   * One row of {@code akkord ledger top}.
   *
   * @param average moving average of the score since the revision
   * @param visits since the revision
   * @param lastCost c at the last visit, nats per token; NaN if there is none
   */
  public record Row(int sample, double average, int visits, int revision, float lastCost) {}

  /** Everything about one sample. */
  public record History(List<LedgerVisit> visits, List<LedgerVersion> versions) {}

  private record Attempt(String persistenceId, LedgerSeeded seeded) {}

  /** Times that a reader looks again when events have moved to the history while it read. */
  private static final int TRIES = 5;

  private final EventSource journal;
  private final LedgerHistory history;
  private final Path runFolder;
  private final String runId;

  private LedgerReader(Path runFolder, String runId, EventSource journal) {
    this.runFolder = runFolder;
    this.runId = runId;
    this.journal = journal;
    this.history = new LedgerHistory(runFolder);
  }

  /**
   * Opens the ledger of a run that is not going on.
   *
   * @throws UserError when there is no run or no journal, or the run is still going
   */
  public static LedgerReader open(Path runFolder) {
    return new LedgerReader(runFolder, runId(runFolder), JournalReader.open(runFolder));
  }

  /** Reads a run in the journal this process has open; others may be in it, too. */
  public static LedgerReader of(Path runFolder, String runId, Journal journal) {
    return new LedgerReader(runFolder, runId, journal.reader());
  }

  /** Reads a run's events from elsewhere; older ones are in its folder. */
  public static LedgerReader from(Path runFolder, String runId, EventSource events) {
    return new LedgerReader(runFolder, runId, events);
  }

  private static String runId(Path runFolder) {
    Path identity = runFolder.resolve("run.json");
    try {
      return new ObjectMapper().readTree(identity.toFile()).path("run_id").asText();
    } catch (IOException e) {
      throw new UserError(
          "%s: cannot be read (%s). Name the output_dir of a run.".formatted(identity, e), e);
    }
  }

  /** The state after the last event. */
  public LedgerState state() {
    return replay(visit -> {}, Long.MAX_VALUE);
  }

  /** The state after at most so many steps, and the cycle that is due then. */
  public LedgerState state(long steps) {
    return replay(visit -> {}, steps);
  }

  /**
   * The samples with the highest moving average, highest first, ties by index; visited ones only.
   */
  public List<Row> top(int count) {
    LedgerState state = state();
    return IntStream.range(0, state.samples())
        .filter(sample -> state.visits(sample) > 0)
        .mapToObj(sample -> row(state, sample))
        .sorted(Comparator.comparingDouble(Row::average).reversed().thenComparing(Row::sample))
        .limit(count)
        .toList();
  }

  /** The row of one sample, visited or not. */
  public static Row row(LedgerState state, int sample) {
    return new Row(
        sample,
        state.average(sample),
        state.visits(sample),
        state.revision(sample),
        state.lastCost(sample));
  }

  /** Every visit of a sample and every rewrite tried on it, in order. */
  public History history(int sample) {
    List<LedgerVisit> visits = new ArrayList<>();
    LedgerState state =
        replay(
            visit -> {
              if (visit.sample() == sample) {
                visits.add(visit);
              }
            },
            Long.MAX_VALUE);
    return new History(
        visits, versions(state).stream().filter(version -> version.sample() == sample).toList());
  }

  /** Hands over every visit of the run in order; returns the state after the last. */
  public LedgerState export(Consumer<LedgerVisit> rows) {
    return replay(rows, Long.MAX_VALUE);
  }

  /** Every rewrite tried in closed cycles, accepted or not, oldest first. */
  public static List<LedgerVersion> versions(LedgerState state) {
    return state.pastCycles().stream()
        .flatMap(
            past ->
                past.groups().stream()
                    .flatMap(group -> group.getOutcomesList().stream())
                    .map(rewrite -> LedgerVersion.of(past.opened(), rewrite)))
        .toList();
  }

  /**
   * The groups stored for cycles opened after {@code committedSteps} steps, oldest attempt first;
   * without those of attempts before the run was given other terms.
   */
  public List<FinishedGroup> finishedGroupsAfter(long committedSteps) {
    List<FinishedGroup> found = new ArrayList<>();
    for (Attempt attempt : attempts()) {
      long[] openedAt = {-1};
      if (attempt.seeded().getOtherTerms()) {
        found.clear();
      }
      events(
          attempt,
          event -> {
            if (event.hasCycleOpened()) {
              openedAt[0] = event.getCycleOpened().getCommittedSteps();
            } else if (event.hasGroupStored() && openedAt[0] > committedSteps) {
              found.add(new FinishedGroup(openedAt[0], event.getGroupStored()));
            }
          });
    }
    return found;
  }

  /** The newest attempt and those it went on from without a checkpoint in between. */
  public Set<Long> lineage() {
    Map<Long, Long> from = new HashMap<>();
    attempts().forEach(a -> from.put(a.seeded().getAttempt(), a.seeded().getTakenOverFrom()));
    Set<Long> lineage = new HashSet<>();
    for (long attempt = lastAttempt(); attempt > 0; attempt = from.getOrDefault(attempt, 0L)) {
      lineage.add(attempt);
    }
    return lineage;
  }

  /** The number of the newest attempt; 0 when the run has none yet. */
  public long lastAttempt() {
    List<Attempt> attempts = attempts();
    return attempts.isEmpty() ? 0 : attempts.get(attempts.size() - 1).seeded().getAttempt();
  }

  private LedgerState replay(Consumer<LedgerVisit> visits, long steps) {
    List<Attempt> attempts = attempts();
    if (attempts.isEmpty()) {
      throw new UserError(runFolder + ": the journal holds no ledger; the run has not begun.");
    }
    LedgerState state = new LedgerState(attempts.get(0).seeded().getRules());
    for (int i = 0; i < attempts.size(); i++) {
      Attempt attempt = attempts.get(i);
      long end =
          attempts.subList(i + 1, attempts.size()).stream()
              .mapToLong(later -> later.seeded().getResumedFromCommittedSteps())
              .min()
              .orElse(Long.MAX_VALUE);
      end = Math.min(end, steps);
      requireWhole(state, attempt, end);
      Replay replay = new Replay(state, attempt.seeded().getAttempt(), end, visits);
      events(attempt, replay::event);
    }
    return state;
  }

  /** Steps of an attempt follow those it went on from. */
  private void requireWhole(LedgerState state, Attempt attempt, long end) {
    long from = attempt.seeded().getResumedFromCommittedSteps();
    if (from < end && state.committedSteps() < from) {
      throw new UserError(
          "%s: attempt %d went on after step %d, but only %d steps of earlier attempts are in the journal and in the folder 'history'. Bring that folder back from a copy; checkpoints do not need it."
              .formatted(runFolder, attempt.seeded().getAttempt(), from, state.committedSteps()));
    }
  }

  /**
   * All events of an attempt but the first, which only says what it is: old ones, then new ones.
   */
  private void events(Attempt attempt, Consumer<LedgerEvent> consumer) {
    long[] last = {1};
    for (int tries = 0; tries < TRIES; tries++) {
      last[0] = history.read(attempt.seeded().getAttempt(), last[0], consumer);
      boolean[] gap = {false};
      journal.events(
          attempt.persistenceId(),
          last[0],
          (sequenceNr, bytes) -> {
            gap[0] |= sequenceNr != last[0] + 1;
            if (!gap[0]) {
              consumer.accept(parse(bytes));
              last[0] = sequenceNr;
            }
          });
      if (!gap[0]) {
        return;
      }
    }
    throw new UserError(
        "%s: event %d of attempt %d is neither in the journal nor in the folder 'history'. Bring that folder back from a copy; checkpoints do not need it."
            .formatted(runFolder, last[0] + 1, attempt.seeded().getAttempt()));
  }

  /** The attempts of this run, in order. */
  private List<Attempt> attempts() {
    return journal.persistenceIds(LedgerSetup.persistenceIds(runId)).stream()
        .map(id -> new Attempt(id, parse(journal.first(id)).getSeeded()))
        .sorted(Comparator.comparingLong(attempt -> attempt.seeded().getAttempt()))
        .toList();
  }

  private LedgerEvent parse(byte[] bytes) {
    try {
      return LedgerEvent.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new UserError(
          runFolder
              + ": the journal holds an event this build cannot read ("
              + e.getMessage()
              + "). Use the Akkord version that wrote it.",
          e);
    }
  }

  /** One attempt's events up to the step from which a later attempt went on. */
  private static final class Replay {
    private final LedgerState state;
    private final long attempt;
    private final long end;
    private final Consumer<LedgerVisit> visits;
    private boolean inCycle;

    Replay(LedgerState state, long attempt, long end, Consumer<LedgerVisit> visits) {
      this.state = state;
      this.attempt = attempt;
      this.end = end;
      this.visits = visits;
    }

    void event(LedgerEvent event) {
      if (event.hasStepCommitted() && event.getStepCommitted().getStep() < end) {
        visit(event.getStepCommitted());
        state.apply(event);
      } else if (event.hasCycleOpened()) {
        CycleOpened cycle = event.getCycleOpened();
        // A checkpoint after t steps is written after the cycle after t steps, so it holds it. What
        // an attempt was writing when the next one took over may arrive later and is there twice.
        boolean closed = state.lastClosedCycle().orElse(0) >= cycle.getCycle();
        inCycle = cycle.getCommittedSteps() <= end && !closed;
        applyInCycle(event);
      } else if (event.hasGroupStored() || event.hasCycleClosed()) {
        applyInCycle(event);
      }
    }

    private void applyInCycle(LedgerEvent event) {
      if (inCycle) {
        state.apply(event);
      }
    }

    private void visit(StepCommitted step) {
      for (int i = 0; i < step.getSamplesCount(); i++) {
        int sample = step.getSamples(i);
        visits.accept(
            new LedgerVisit(
                sample,
                attempt,
                step.getStep(),
                state.revision(sample),
                step.getCosts(i),
                step.getMean(),
                step.getStd(),
                LedgerState.z(step, i, state.rules().getEpsilon()),
                step.getSkipped()));
      }
    }
  }

  @Override
  public void close() {
    journal.close();
  }
}
