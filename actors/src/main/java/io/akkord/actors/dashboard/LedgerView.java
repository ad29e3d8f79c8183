package io.akkord.actors.dashboard;

import io.akkord.actors.checkpoint.CheckpointReader;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.ledger.LedgerVersion;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A run's ledger as it was a short while ago: read from its journal, or, while another process
 * writes that, from the newest checkpoint. Nobody's data is kept open.
 */
final class LedgerView {
  /** The reading takes at most this share of a core's time. */
  private static final int PAUSE_PER_READING = 50;

  private static final long LEAST_PAUSE_NANOS = 3_000_000_000L;

  /**
   * What was read.
   *
   * @param source in words
   * @param heat empty where only averages are known
   */
  record Content(
      LedgerState state,
      List<LedgerVersion> versions,
      Map<Integer, int[]> rewritten,
      ScoreHeat heat,
      String source) {}

  private final Path folder;
  private final Supplier<Optional<LiveRun>> live;
  private Content content;
  private long readAtVersion = -1;
  private long notBefore = Long.MIN_VALUE;

  LedgerView(Path folder, Supplier<Optional<LiveRun>> live) {
    this.folder = folder;
    this.live = live;
  }

  /**
   * The ledger, read again if the run has gone on and the last reading is long enough ago.
   *
   * @param version of the run's model
   * @throws UserError if there is nothing to read yet
   */
  synchronized Content content(long version) {
    long now = System.nanoTime();
    if (content == null || (version != readAtVersion && now - notBefore > 0)) {
      content = read();
      readAtVersion = version;
      long took = System.nanoTime() - now;
      notBefore = System.nanoTime() + Math.max(LEAST_PAUSE_NANOS, PAUSE_PER_READING * took);
    }
    return content;
  }

  private Content read() {
    ScoreHeat heat = new ScoreHeat();
    try {
      return with(
          ledger ->
              content(
                  ledger.export(visit -> heat.add(visit.step(), visit.cost())), heat, "journal"));
    } catch (UserError e) {
      return Checkpoints.newestComplete(folder)
          .map(
              checkpoint ->
                  content(
                      LedgerState.of(CheckpointReader.open(checkpoint.folder()).ledger()),
                      new ScoreHeat(),
                      "checkpoint after step "
                          + checkpoint.committedSteps()
                          + ", as another process writes the journal"))
          .orElseThrow(() -> e);
    }
  }

  private static Content content(LedgerState state, ScoreHeat heat, String source) {
    Map<Integer, int[]> rewritten =
        state.rewritten().stream()
            .collect(Collectors.toMap(RewrittenSample::sample, RewrittenSample::completionIds));
    return new Content(state, LedgerReader.versions(state), rewritten, heat, source);
  }

  /**
   * Every visit of one sample.
   *
   * @throws UserError if the journal cannot be read now
   */
  LedgerReader.History history(int sample) {
    return with(ledger -> ledger.history(sample));
  }

  private <T> T with(Function<LedgerReader, T> use) {
    try (LedgerReader ledger =
        live.get().map(LiveRun::ledger).orElseGet(() -> LedgerReader.open(folder))) {
      return use.apply(ledger);
    }
  }
}
