package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sun.misc.Signal;

class StopSignalsTest {
  private final List<String> said = new ArrayList<>();
  private final List<Integer> halted = new ArrayList<>();
  private int saved;

  private StopSignals signals() {
    return new StopSignals(() -> saved++, said::add, halted::add);
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
