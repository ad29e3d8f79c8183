package io.akkord.actors.ledger;

import static io.akkord.actors.ledger.LedgerFixture.SETUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.persistence.testkit.PersistenceTestKitPlugin;
import akka.persistence.testkit.PersistenceTestKitSnapshotPlugin;
import akka.persistence.testkit.javadsl.EventSourcedBehaviorTestKit;
import akka.persistence.testkit.javadsl.EventSourcedBehaviorTestKit.CommandResultWithReply;
import akka.persistence.testkit.javadsl.PersistenceTestKit;
import akka.persistence.testkit.javadsl.SnapshotTestKit;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.DiskSync;
import io.akkord.actors.ledger.Ledger.CloseCycle;
import io.akkord.actors.ledger.Ledger.CommitStep;
import io.akkord.actors.ledger.Ledger.CycleClosed;
import io.akkord.actors.ledger.Ledger.CycleOpened;
import io.akkord.actors.ledger.Ledger.GroupStored;
import io.akkord.actors.ledger.Ledger.OpenCycle;
import io.akkord.actors.ledger.Ledger.PullTable;
import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.SaveTo;
import io.akkord.actors.ledger.Ledger.Saved;
import io.akkord.actors.ledger.Ledger.StepStored;
import io.akkord.actors.ledger.Ledger.StoreGroup;
import io.akkord.actors.ledger.Ledger.TableContent;
import io.akkord.actors.ledger.LedgerSeed.FinishedGroup;
import io.akkord.model.UserError;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.EventCase;
import io.akkord.proto.LedgerImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerTest {
  private static final Config CONFIG =
      PersistenceTestKitPlugin.config()
          .withFallback(PersistenceTestKitSnapshotPlugin.config())
          .withFallback(EventSourcedBehaviorTestKit.config())
          .withFallback(ConfigFactory.parseResources("akkord-journal.conf"))
          .withFallback(ConfigFactory.load());
  private static final ActorTestKit KIT = ActorTestKit.create(CONFIG);
  private static final PersistenceTestKit JOURNAL = PersistenceTestKit.create(KIT.system());
  private static final SnapshotTestKit SNAPSHOTS = SnapshotTestKit.create(KIT.system());

  private ActorRef<Ledger.Command> ledger;

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void startAfresh() {
    JOURNAL.clearAll();
    SNAPSHOTS.clearAll();
    JOURNAL.resetPolicy();
    ledger = KIT.spawn(Ledger.create(SETUP, DiskSync.none()));
    await().until(() -> events().size() == 1);
  }

  @AfterEach
  void stopLedger() {
    KIT.stop(ledger);
  }

  @Test
  void aStepIsOneEventAndOneReply() {
    KIT.stop(ledger);
    EventSourcedBehaviorTestKit<Ledger.Command, LedgerEvent, Ledger.State> kit =
        EventSourcedBehaviorTestKit.create(
            KIT.system(),
            Ledger.create(SETUP, DiskSync.none()),
            EventSourcedBehaviorTestKit.disabledSerializationSettings());
    await().until(() -> events().size() == 1);
    CommandResultWithReply<Ledger.Command, LedgerEvent, Ledger.State, StepStored> result =
        kit.runCommand(replyTo -> step(0, replyTo));
    assertThat(result.reply()).isEqualTo(new StepStored(0));
    assertThat(result.event()).isEqualTo(LedgerFixture.step(0, new int[] {3, 4}, 5f, 2f));
  }

  @Test
  void theFirstEventOfAnAttemptSaysWhereItStarts() {
    commit(0);
    LedgerEvent first = JOURNAL.expectNextPersistedClass(SETUP.persistenceId(), LedgerEvent.class);
    assertThat(first.getSeeded().getRunId()).isEqualTo("first");
    assertThat(first.getSeeded().getAttempt()).isEqualTo(1);
    assertThat(first.getSeeded().getResumedFromCommittedSteps()).isZero();
    assertThat(first.getSeeded().getRules()).isEqualTo(SETUP.rules());
  }

  @Test
  void committingTheSameStepTwiceStoresItOnce() {
    assertThat(commit(0)).isEqualTo(new StepStored(0));
    assertThat(commit(1)).isEqualTo(new StepStored(1));
    assertThat(commit(0)).isEqualTo(new StepStored(0));
    assertThat(events()).hasSize(3);
  }

  @Test
  void aGapIsAnsweredWithTheLastStoredStepAndStoresNothing() {
    assertThat(commit(2)).isEqualTo(new StepStored(-1));
    commit(0);
    assertThat(commit(2)).isEqualTo(new StepStored(0));
    assertThat(events()).hasSize(2);
  }

  @Test
  void aCycleIsNotOpenedBeforeItsStepsAreStored() {
    commit(0);
    TestProbe<CycleOpened> probe = KIT.createTestProbe();
    ledger.tell(new OpenCycle(1, 2, probe.getRef()));
    probe.expectNoMessage(Duration.ofMillis(100));
    commit(1);
    assertThat(open(1, 2).missingGroups()).hasSize(1);
  }

  @Test
  void rewritesAreInForceOnlyOnceTheCycleIsClosed() {
    twoSteps();
    RewriteGroup group = open(1, 2).missingGroups().get(0);
    assertThat(store(group)).isEqualTo(new GroupStored(1, 0));
    assertThat(pull().samples()).isEmpty();

    CycleClosed closed = close(1);
    assertThat(closed.accepted()).isEqualTo(1);
    assertThat(closed.rejected()).isZero();
    TableContent table = pull();
    assertThat(table.stamp()).isEqualTo(closed.table());
    assertThat(table.samples()).singleElement().satisfies(r -> assertThat(r.revision()).isOne());
  }

  @Test
  void everyCommandOfACycleMayBeRepeated() {
    twoSteps();
    CycleOpened opened = open(1, 2);
    assertThat(open(1, 2)).isEqualTo(opened);
    RewriteGroup group = opened.missingGroups().get(0);
    store(group);
    store(group);
    assertThat(open(1, 2).missingGroups()).isEmpty();
    assertThat(open(1, 2).reason()).endsWith("; 1 of 1 groups are done already");
    CycleClosed closed = close(1);
    assertThat(close(1)).isEqualTo(closed);
    assertThat(store(group)).isEqualTo(new GroupStored(1, 0));
    assertThat(open(1, 2).missingGroups()).isEmpty();
    assertThat(events().stream().map(LedgerEvent::getEventCase))
        .containsExactly(
            EventCase.SEEDED,
            EventCase.STEP_COMMITTED,
            EventCase.STEP_COMMITTED,
            EventCase.CYCLE_OPENED,
            EventCase.GROUP_STORED,
            EventCase.CYCLE_CLOSED);
  }

  @Test
  void aCycleThatLacksAGroupIsNotClosed() {
    twoSteps();
    open(1, 2);
    TestProbe<CycleClosed> probe = KIT.createTestProbe();
    ledger.tell(new CloseCycle(1, probe.getRef()));
    probe.expectNoMessage(Duration.ofMillis(100));
  }

  @Test
  void aStepInTheMiddleOfACycleIsNotStored() {
    twoSteps();
    open(1, 2);
    assertThat(commit(2)).isEqualTo(new StepStored(1));
  }

  @Test
  void anOutcomeForAnotherSampleIsNotStored() {
    twoSteps();
    open(1, 2);
    TestProbe<GroupStored> probe = KIT.createTestProbe();
    ledger.tell(new StoreGroup(1, 0, List.of(outcome(9, 1)), probe.getRef()));
    probe.expectNoMessage(Duration.ofMillis(100));
    assertThat(open(1, 2).missingGroups()).hasSize(1);
  }

  @Test
  void groupsAnEarlierAttemptFinishedAreNotHandedOutAgain(@TempDir Path folder) {
    twoSteps();
    LedgerImage checkpoint = saved(folder, 2);
    RewriteGroup group = open(1, 2).missingGroups().get(0);
    store(group);
    LedgerEvent.GroupStored finished = events().get(4).getGroupStored();

    LedgerSeed seed = new LedgerSeed(checkpoint, List.of(new FinishedGroup(2, finished)));
    LedgerSetup second = LedgerFixture.setup(ScoreKind.Z, 0.3, 1, Optional.of(seed));
    respawn(second, DiskSync.none());
    assertThat(commit(1)).as("the checkpoint holds it").isEqualTo(new StepStored(1));
    assertThat(open(1, 2).missingGroups()).isEmpty();
    assertThat(close(1).accepted()).isEqualTo(1);
    assertThat(JOURNAL.persistedInStorage("ledger|first|2")).hasSize(4);
  }

  @Test
  void aFileForAnotherMomentIsRefused(@TempDir Path folder) {
    twoSteps();
    TestProbe<Saved> probe = KIT.createTestProbe();
    ledger.tell(new SaveTo(folder.resolve("ledger.bin").toString(), 1, probe.getRef()));
    assertThat(probe.receiveMessage().error())
        .isEqualTo("the ledger holds 2 steps; a checkpoint after 1 steps was asked for");
  }

  @Test
  void aFileThatIsAskedForAgainIsNotWrittenAgain(@TempDir Path folder) throws IOException {
    twoSteps();
    Path file = folder.resolve("ledger.bin");
    TestProbe<Saved> probe = KIT.createTestProbe();
    ledger.tell(new SaveTo(file.toString(), 2, probe.getRef()));
    ledger.tell(new SaveTo(file.toString(), 2, probe.getRef()));
    Saved first = probe.receiveMessage();
    assertThat(probe.receiveMessage()).isEqualTo(first);
    // The checkpoint has taken it.
    Files.delete(file);
    ledger.tell(new SaveTo(file.toString(), 2, probe.getRef()));
    assertThat(probe.receiveMessage()).isEqualTo(first);
    assertThat(file).doesNotExist();
  }

  @Test
  void aFileThatCannotBeWrittenIsToldAndNotThrown(@TempDir Path folder) {
    twoSteps();
    TestProbe<Saved> probe = KIT.createTestProbe();
    ledger.tell(new SaveTo(folder.resolve("no/ledger.bin").toString(), 2, probe.getRef()));
    assertThat(probe.receiveMessage().error()).contains("NoSuchFileException");
  }

  @Test
  void aCheckpointKeptWithOtherSettingsIsRefused() {
    LedgerImage image = new LedgerState(SETUP.rules()).image("first", 1, 1);
    LedgerSeed seed = new LedgerSeed(image, List.of());
    assertThatThrownBy(() -> LedgerFixture.setup(ScoreKind.C, 0.3, 1, Optional.of(seed)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("decay 0.9, score z")
        .hasMessageContaining("decay 0.9, score c");
  }

  @Test
  void stepsThatOnlyTheSlicesRememberComeFirstAndInOrder() {
    LedgerImage image = new LedgerState(SETUP.rules()).image("first", 1, 1);
    List<LedgerEvent.StepCommitted> lacking =
        List.of(
            LedgerFixture.step(0, new int[] {0, 1}, 1f, 3f).getStepCommitted(),
            LedgerFixture.step(1, new int[] {2, 3}, 3f, 1f).getStepCommitted());
    LedgerSetup second =
        LedgerFixture.setup(
            ScoreKind.Z, 0.3, 1, Optional.of(new LedgerSeed(image, List.of(), lacking, 1)));
    respawn(second, DiskSync.none());
    TestProbe<StepStored> probe = KIT.createTestProbe();
    ledger.tell(step(1, probe.getRef()));
    probe.expectMessage(new StepStored(1));
    ledger.tell(step(2, probe.getRef()));
    probe.expectMessage(new StepStored(2));
    List<LedgerEvent> stored =
        JOURNAL.persistedInStorage("ledger|first|2").stream().map(LedgerEvent.class::cast).toList();
    assertThat(stored).hasSize(4);
    assertThat(stored.get(0).getSeeded().getTakenOverFrom()).isEqualTo(1);
    assertThat(stored.get(0).getSeeded().getResumedFromCommittedSteps()).isZero();
    assertThat(stored.subList(1, 3))
        .extracting(LedgerEvent::getStepCommitted)
        .containsExactlyElementsOf(lacking);
  }

  @Test
  void nothingIsAcknowledgedBeforeTheDiskIsForced() {
    CompletableFuture<Void> force = new CompletableFuture<>();
    respawn(SETUP, () -> force);
    TestProbe<StepStored> probe = KIT.createTestProbe();
    ledger.tell(step(0, probe.getRef()));
    probe.expectNoMessage(Duration.ofMillis(100));
    assertThat(events()).hasSize(2);
    force.complete(null);
    probe.expectMessage(new StepStored(0));
  }

  @Test
  void aForceThatFailsAcknowledgesNothingAndARepeatTriesAgain() {
    CompletableFuture<Void> broken = CompletableFuture.failedFuture(new Exception("disk"));
    List<CompletableFuture<Void>> forces =
        new ArrayList<>(List.of(broken, CompletableFuture.completedFuture(null)));
    respawn(SETUP, () -> forces.remove(0));
    TestProbe<StepStored> probe = KIT.createTestProbe();
    ledger.tell(step(0, probe.getRef()));
    probe.expectNoMessage(Duration.ofMillis(100));
    ledger.tell(step(0, probe.getRef()));
    probe.expectMessage(new StepStored(0));
    assertThat(events()).hasSize(2);
  }

  @Test
  void afterAFailedJournalWriteTheLedgerComesBackAndNothingIsDouble() {
    commit(0);
    JOURNAL.failNextPersisted(SETUP.persistenceId());
    TestProbe<StepStored> probe = KIT.createTestProbe();
    ledger.tell(step(1, probe.getRef()));
    probe.expectNoMessage(Duration.ofMillis(100));
    assertThat(commit(1)).isEqualTo(new StepStored(1));
    TestProbe<CycleOpened> opened = KIT.createTestProbe();
    ledger.tell(new OpenCycle(1, 2, opened.getRef()));
    assertThat(opened.receiveMessage().missingGroups()).hasSize(1);
    assertThat(events().stream().filter(LedgerEvent::hasStepCommitted)).hasSize(2);
  }

  @Test
  void aSnapshotShowsTheSameLedger(@TempDir Path folder) {
    for (int i = 0; i < 1010; i++) {
      commit(i);
    }
    LedgerImage before = saved(folder, 1010);
    assertThat(SNAPSHOTS.persistedInStorage(SETUP.persistenceId())).isNotEmpty();
    respawn(SETUP, DiskSync.none());
    assertThat(saved(folder, 1010)).isEqualTo(before);
  }

  /** Two writers of one persistence id would break its journal: the old one goes first. */
  private void respawn(LedgerSetup setup, DiskSync disk) {
    KIT.stop(ledger);
    ledger = KIT.spawn(Ledger.create(setup, disk));
  }

  private static CommitStep step(long step, ActorRef<StepStored> replyTo) {
    return new CommitStep(step, new int[] {3, 4}, new float[] {5f, 2f}, 2, 1, false, replyTo);
  }

  private static RewriteOutcome outcome(int sample, int revision) {
    return new RewriteOutcome(
        sample, revision, true, "ends in EOS", new int[] {7, 2}, "text", 3, 1, 2);
  }

  private void twoSteps() {
    commit(0);
    commit(1);
  }

  private StepStored commit(long step) {
    TestProbe<StepStored> probe = KIT.createTestProbe();
    ledger.tell(step(step, probe.getRef()));
    return probe.receiveMessage();
  }

  private CycleOpened open(int cycle, long committedSteps) {
    TestProbe<CycleOpened> probe = KIT.createTestProbe();
    ledger.tell(new OpenCycle(cycle, committedSteps, probe.getRef()));
    return probe.receiveMessage();
  }

  private GroupStored store(RewriteGroup group) {
    TestProbe<GroupStored> probe = KIT.createTestProbe();
    List<RewriteOutcome> outcomes =
        group.tasks().stream().map(t -> outcome(t.sample(), t.nextRevision())).toList();
    ledger.tell(new StoreGroup(group.cycle(), group.group(), outcomes, probe.getRef()));
    return probe.receiveMessage();
  }

  private CycleClosed close(int cycle) {
    TestProbe<CycleClosed> probe = KIT.createTestProbe();
    ledger.tell(new CloseCycle(cycle, probe.getRef()));
    return probe.receiveMessage();
  }

  private TableContent pull() {
    TestProbe<TableContent> probe = KIT.createTestProbe();
    ledger.tell(new PullTable(probe.getRef()));
    return probe.receiveMessage();
  }

  private LedgerImage saved(Path folder, long committedSteps) {
    TestProbe<Saved> probe = KIT.createTestProbe();
    Path file = folder.resolve("ledger.bin");
    ledger.tell(new SaveTo(file.toString(), committedSteps, probe.getRef()));
    assertThat(probe.receiveMessage().error()).isNull();
    return LedgerFile.read(file);
  }

  private static List<LedgerEvent> events() {
    return JOURNAL.persistedInStorage(SETUP.persistenceId()).stream()
        .map(LedgerEvent.class::cast)
        .toList();
  }
}
