package io.akkord.actors.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.journal.EventSource;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.CycleClosed;
import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerEvent.GroupStored;
import io.akkord.proto.LedgerEvent.LedgerSeeded;
import io.akkord.proto.LedgerEvent.StepCommitted;
import io.akkord.proto.LedgerRules;
import io.akkord.proto.Rewrite;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reader makes of journals as crashes leave them. */
class LedgerReaderTest {
  private static final String RUN = "run";

  @TempDir Path folder;
  private final Map<String, List<LedgerEvent>> journal = new TreeMap<>();

  /** Events as they were written. */
  private final class Events implements EventSource {
    @Override
    public List<String> persistenceIds(String prefix) {
      return journal.keySet().stream().filter(id -> id.startsWith(prefix)).toList();
    }

    @Override
    public byte[] first(String persistenceId) {
      return journal.get(persistenceId).get(0).toByteArray();
    }

    @Override
    public void events(String persistenceId, long after, EventConsumer consumer) {
      List<LedgerEvent> all = journal.get(persistenceId);
      for (int i = (int) after; i < all.size(); i++) {
        consumer.accept(i + 1, all.get(i).toByteArray());
      }
    }

    @Override
    public void close() {}
  }

  private void attempt(long number, long from, long takenOverFrom) {
    LedgerRules rules =
        LedgerRules.newBuilder().setSamples(4).setDecay(0.9).setEpsilon(1e-6).build();
    LedgerSeeded seeded =
        LedgerSeeded.newBuilder()
            .setRunId(RUN)
            .setAttempt(number)
            .setResumedFromCommittedSteps(from)
            .setTakenOverFrom(takenOverFrom)
            .setRules(rules)
            .build();
    journal.put(id(number), new ArrayList<>());
    add(number, LedgerEvent.newBuilder().setSeeded(seeded));
  }

  private static String id(long attempt) {
    return LedgerSetup.persistenceIds(RUN) + attempt;
  }

  private void add(long attempt, LedgerEvent.Builder event) {
    journal.get(id(attempt)).add(event.build());
  }

  private void step(long attempt, long step) {
    StepCommitted committed =
        StepCommitted.newBuilder()
            .setStep(step)
            .addSamples(1)
            .addSamples(2)
            .addCosts(1)
            .addCosts(3)
            .setMean(2)
            .setStd(1)
            .build();
    add(attempt, LedgerEvent.newBuilder().setStepCommitted(committed));
  }

  private void open(long attempt, int cycle, long steps) {
    CycleOpened opened =
        CycleOpened.newBuilder()
            .setCycle(cycle)
            .setCommittedSteps(steps)
            .setCandidates(1)
            .addSamples(2)
            .addRevisions(cycle)
            .setGroupSize(1)
            .build();
    add(attempt, LedgerEvent.newBuilder().setCycleOpened(opened));
    Rewrite rewrite =
        Rewrite.newBuilder()
            .setSample(2)
            .setRevision(cycle)
            .setAccepted(true)
            .addCompletionIds(7)
            .setText("seven")
            .build();
    GroupStored stored = GroupStored.newBuilder().setCycle(cycle).addOutcomes(rewrite).build();
    add(attempt, LedgerEvent.newBuilder().setGroupStored(stored));
  }

  private void close(long attempt, int cycle) {
    CycleClosed closed =
        CycleClosed.newBuilder().setCycle(cycle).setTableVersion(cycle).setAccepted(1).build();
    add(attempt, LedgerEvent.newBuilder().setCycleClosed(closed));
  }

  private LedgerState state() {
    try (LedgerReader reader = LedgerReader.from(folder, RUN, new Events())) {
      return reader.state();
    }
  }

  /**
   * An attempt ends while its cycle's end is on its way to the journal; the next one takes its
   * weights over and ends the cycle itself; then the first one's event arrives, too.
   */
  @Test
  void aCycleThatTwoAttemptsHaveClosedCountsOnce() {
    attempt(1, 0, 0);
    step(1, 0);
    step(1, 1);
    open(1, 1, 2);
    attempt(2, 2, 1);
    open(2, 1, 2);
    close(2, 1);
    step(2, 2);
    LedgerState once = state();
    assertThat(once.tableStamp().version()).isEqualTo(1);

    close(1, 1);
    LedgerState twice = state();
    assertThat(twice.tableStamp()).isEqualTo(once.tableStamp());
    assertThat(LedgerReader.versions(twice)).hasSameSizeAs(LedgerReader.versions(once)).hasSize(1);
    assertThat(twice.visits(2)).as("since the rewrite").isEqualTo(1);
    assertThat(twice.revision(2)).isEqualTo(1);
  }

  @Test
  void theCycleAfterOneThatWasClosedTwiceCounts() {
    attempt(1, 0, 0);
    step(1, 0);
    open(1, 1, 1);
    close(1, 1);
    attempt(2, 1, 1);
    open(2, 1, 1);
    close(2, 1);
    step(2, 1);
    open(2, 2, 2);
    close(2, 2);
    assertThat(state().tableStamp().version()).isEqualTo(2);
    assertThat(state().revision(2)).isEqualTo(2);
  }

  @Test
  void groupsThatWereRewrittenUnderOtherTermsAreNoMoreTheRuns() {
    attempt(1, 0, 0);
    step(1, 0);
    open(1, 1, 1);
    attempt(2, 0, 0);
    assertThat(finishedGroups()).hasSize(1);
    attempt(3, 0, 0);
    LedgerEvent seeded = journal.get(id(3)).get(0);
    LedgerSeeded other = seeded.getSeeded().toBuilder().setOtherTerms(true).build();
    journal.get(id(3)).set(0, seeded.toBuilder().setSeeded(other).build());
    assertThat(finishedGroups()).isEmpty();
    attempt(4, 0, 0);
    step(4, 0);
    open(4, 1, 1);
    assertThat(finishedGroups()).hasSize(1);
  }

  private List<LedgerSeed.FinishedGroup> finishedGroups() {
    try (LedgerReader reader = LedgerReader.from(folder, RUN, new Events())) {
      return reader.finishedGroupsAfter(0);
    }
  }

  /** As when a head compacted, was cut off, and its successor compacted further. */
  @Test
  void partsOfTheHistoryThatOverlapAreReadOnce() throws Exception {
    List<LedgerEvent> events = new ArrayList<>();
    for (int step = 0; step < 5; step++) {
      StepCommitted committed = StepCommitted.newBuilder().setStep(step).build();
      events.add(LedgerEvent.newBuilder().setStepCommitted(committed).build());
    }
    LedgerHistory history = new LedgerHistory(folder);
    history.write(1, 2, events.subList(0, 2));
    history.write(1, 2, events.subList(0, 4));
    history.write(1, 6, events.subList(4, 5));
    List<LedgerEvent> read = new ArrayList<>();
    assertThat(history.read(1, 1, read::add)).isEqualTo(6);
    assertThat(read).isEqualTo(events);
    read.clear();
    assertThat(history.read(1, 4, read::add)).isEqualTo(6);
    assertThat(read).isEqualTo(events.subList(3, 5));
  }

  @Test
  void whatACompactionLeavesWhenItIsKilledIsRemoved() throws Exception {
    new LedgerHistory(folder).write(1, 2, List.of(LedgerEvent.getDefaultInstance()));
    Path left = Files.createFile(folder.resolve("history/.ledger-tmp-1"));
    LedgerCompaction.clean(folder);
    assertThat(left).doesNotExist();
    assertThat(folder.resolve("history/ledger-1-2-2.pb.gz")).exists();
    LedgerCompaction.clean(folder.resolve("none"));
  }
}
