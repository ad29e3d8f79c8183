package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sun.misc.Signal;

class StopSignalsTest {
  private final List<String> said = new CopyOnWriteArrayList<>();
  private final List<Integer> halted = new CopyOnWriteArrayList<>();
  private int saved;

  private StopSignals signals() {
    return signals(StopSignals.SAVE_WITHIN);
  }

  private StopSignals signals(Duration within) {
    return new StopSignals(() -> saved++, said::add, halted::add, StopSignals.Words.RUN, within);
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM", "HUP"})
  void theFirstSavesAndEndsNothing(String name) {
    try (StopSignals signals = signals()) {
      signals.on(new Signal(name));
    }
    assertThat(saved).isOne();
    assertThat(halted).isEmpty();
    assertThat(said).hasSize(1).first().asString().startsWith("SIG" + name).contains("300 s");
  }

  @Test
  void aCtrlCAfterItEndsAtOnceAndSaysHowToGoOn() {
    try (StopSignals signals = signals()) {
      signals.on(new Signal("TERM"));
      signals.on(new Signal("INT"));
    }
    assertThat(saved).isOne();
    assertThat(halted).containsExactly(130);
    assertThat(said).last().asString().contains("newest checkpoint", "--resume");
  }

  @Test
  void whoIsNotSavedInTimeIsGivenUpAndSaysSo() {
    try (StopSignals signals = signals(Duration.ofMillis(30))) {
      signals.on(new Signal("TERM"));
      assertThat(halted).isEmpty();
      Awaitility.await().until(() -> !halted.isEmpty());
    }
    assertThat(halted).containsExactly(1);
    assertThat(said).last().asString().contains("not saved", "newest checkpoint", "--resume");
  }

  @Test
  void whoIsSavedInTimeIsNotGivenUp() throws Exception {
    try (StopSignals signals = signals(Duration.ofMillis(100))) {
      signals.on(new Signal("TERM"));
    }
    Thread.sleep(200);
    assertThat(halted).isEmpty();
  }

  @Test
  void aNodeWithoutATerminalHearsSigtermOnly() {
    List<String> heard = new ArrayList<>();
    Signal interrupt = new Signal("INT");
    var before = Signal.handle(interrupt, signal -> heard.add("mine"));
    try (StopSignals signals =
        StopSignals.listen(
            () -> saved++, said::add, StopSignals.Words.NODE, StopSignals.SAVE_WITHIN, false)) {
      Signal.handle(interrupt, before).handle(interrupt);
    } finally {
      Signal.handle(interrupt, before);
    }
    assertThat(heard).containsExactly("mine");
    assertThat(saved).isZero();
  }

  @Test
  void aBatchSystemThatRepeatsItselfCostsNoCheckpoint() {
    try (StopSignals signals = signals()) {
      signals.on(new Signal("TERM"));
      signals.on(new Signal("TERM"));
      signals.on(new Signal("HUP"));
    }
    assertThat(saved).isOne();
    assertThat(halted).isEmpty();
  }

  @Test
  void whoListensNoMoreLeavesTheSignalsAsTheyWere() {
    List<String> heard = new ArrayList<>();
    // Not SIGHUP: the JVM leaves it ignored where nohup has asked for that.
    Signal term = new Signal("TERM");
    var before = Signal.handle(term, signal -> heard.add("mine"));
    try {
      StopSignals.listen(() -> saved++, said::add).close();
      var mine = Signal.handle(term, before);
      mine.handle(term);
    } finally {
      Signal.handle(term, before);
    }
    assertThat(heard).containsExactly("mine");
    assertThat(saved).isZero();
  }
}
