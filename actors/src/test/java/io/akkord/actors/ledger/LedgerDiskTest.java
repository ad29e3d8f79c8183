package io.akkord.actors.ledger;

import static io.akkord.actors.ledger.LedgerFixture.SETUP;
import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.journal.FaultyDisk;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.Ledger.StepStored;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the ledger's database asks of the disk, and what becomes of it when the disk refuses. */
class LedgerDiskTest {

  @Test
  void whatIsAcknowledgedWasForcedToDiskAfterItWasWritten(@TempDir Path run) throws Exception {
    Journal journal = FaultyDisk.open(run);
    try (LedgerProcess ledger = new LedgerProcess(run, SETUP, journal)) {
      for (long step = 0; step < 3; step++) {
        long before = FaultyDisk.forces();
        assertThat(ledger.commit(step)).isEqualTo(new StepStored(step));
        assertThat(FaultyDisk.forces()).as("fsync of step %d", step).isGreaterThan(before);
      }
      long before = FaultyDisk.forces();
      ledger.commit(2);
      assertThat(FaultyDisk.forces()).as("an acknowledgement once more").isGreaterThan(before);
    }
  }

  @Test
  void aDiskThatIsFullForAWhileLosesNothingAndTheLedgerGoesOn(@TempDir Path run) throws Exception {
    Journal journal = FaultyDisk.open(run);
    try (LedgerProcess ledger = new LedgerProcess(run, SETUP, journal)) {
      ledger.commit(0);
      ledger.commit(1);
      FaultyDisk.setFull(true);
      assertThat(ledger.tryCommit(2, Duration.ofMillis(1500))).as("nothing is promised").isEmpty();
      FaultyDisk.setFull(false);
      assertThat(again(ledger, 2)).isEqualTo(new StepStored(2));
      assertThat(again(ledger, 3)).isEqualTo(new StepStored(3));
    }
    assertStored(run, 4);
  }

  @Test
  void aDiskThatIsFullBetweenWriteAndForceDoesNotEndTheAcknowledgements(@TempDir Path run)
      throws Exception {
    Journal journal = FaultyDisk.open(run);
    try (LedgerProcess ledger = new LedgerProcess(run, SETUP, journal)) {
      ledger.commit(0);
      FaultyDisk.setFull(true);
      // Step 0 is in the journal; only the force can fail, and that more than once.
      for (int i = 0; i < 2; i++) {
        assertThat(ledger.tryCommit(0, Duration.ofMillis(300))).isEmpty();
      }
      FaultyDisk.setFull(false);
      assertThat(again(ledger, 0)).isEqualTo(new StepStored(0));
      assertThat(again(ledger, 1)).isEqualTo(new StepStored(1));
    }
    assertStored(run, 2);
  }

  /** As the parameter server asks: again and again. */
  private static StepStored again(LedgerProcess ledger, long step) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (System.nanoTime() < until) {
      var stored = ledger.tryCommit(step, Duration.ofMillis(500));
      if (stored.filter(s -> s.step() == step).isPresent()) {
        return stored.get();
      }
    }
    throw new TimeoutException("step " + step + " was never acknowledged");
  }

  private static void assertStored(Path run, long steps) {
    try (LedgerReader reader = LedgerReader.open(run)) {
      assertThat(reader.state().committedSteps()).isEqualTo(steps);
    }
  }
}
