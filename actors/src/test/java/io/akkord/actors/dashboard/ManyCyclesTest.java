package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A run with more rewrite cycles than are kept in full. */
class ManyCyclesTest {
  private static final int EVERY = 10;

  private final RunModel model = new RunModel();

  private static void tell(RunModel model, RunEvent event) {
    model.apply(new TimedEvent(1, event));
  }

  private static RunEvent.Opened opened(long attempt, long from, long cycles) {
    return new RunEvent.Opened(
        "run-1", attempt, from, EVERY * (cycles + 1), 100, 2, EVERY, EVERY, cycles, List.of());
  }

  /** Cycle n comes after 10 n steps; of its five candidates n mod 6 are taken. */
  private static void cycles(RunModel model, int from, int to) {
    for (int cycle = from; cycle <= to; cycle++) {
      for (int step = EVERY * (cycle - 1); step < EVERY * cycle; step++) {
        tell(model, Happenings.step(step));
      }
      tell(model, Happenings.cycle(cycle, (long) EVERY * cycle, cycle % 6));
    }
  }

  private static CycleSums.Sum expected(int cycles) {
    long accepted = 0;
    for (int cycle = 1; cycle <= cycles; cycle++) {
      accepted += cycle % 6;
    }
    return new CycleSums.Sum(cycles, 5L * cycles, accepted, 5L * cycles - accepted);
  }

  @Test
  void sumsGoOnRisingWithEveryCycle() {
    tell(model, opened(1, 0, 1_500));
    for (int cycle = 1; cycle <= 1_500; cycle++) {
      cycles(model, cycle, cycle);
      assertThat(model.cycleSums()).isEqualTo(expected(cycle));
    }
    assertThat(model.cycles()).hasSize(RunModel.ROWS);
    assertThat(model.cycleCount()).isEqualTo(1_500);
  }

  @Test
  void cyclesThatAreToldOnceMoreAreCountedOnce() {
    tell(model, opened(1, 0, 1_500));
    cycles(model, 1, 1_500);
    tell(model, Happenings.cycle(3, 30, 3));
    tell(model, Happenings.cycle(500, 5_000, 500 % 6));
    tell(model, Happenings.cycle(1_500, 15_000, 1_500 % 6));
    assertThat(model.cycleSums()).isEqualTo(expected(1_500));
  }

  @Test
  void aResumeTakesBackWhatCameAfterItHoweverFarBack() {
    tell(model, opened(1, 0, 1_500));
    cycles(model, 1, 1_500);
    int attempt = 2;
    for (int back : List.of(1_450, 700, 499, 12)) {
      tell(model, opened(attempt++, (long) EVERY * back, 1_500));
      assertThat(model.cycleSums()).as("back to cycle %d", back).isEqualTo(expected(back));
    }
    cycles(model, 13, 1_500);
    assertThat(model.cycleSums()).isEqualTo(expected(1_500));
  }

  @Test
  void beyondThatASumIsRightToWithinAFewCycles() {
    tell(model, opened(1, 0, 20_000));
    cycles(model, 1, 20_000);
    assertThat(model.cycleSums()).isEqualTo(expected(20_000));
    tell(model, opened(2, EVERY * 7_777L, 20_000));
    assertThat(model.cycleCount()).isBetween(7_777L - 64, 7_777L);
  }

  @Test
  void theNextCycleIsKnownToTheLast() {
    tell(model, opened(1, 0, 1_500));
    cycles(model, 1, 1_200);
    assertThat(next()).isEqualTo(12_000L);
    tell(model, Happenings.step(12_000));
    assertThat(next()).isEqualTo(12_010L);
    Views.Calendar calendar = Views.calendar(model, RunModel.ROWS);
    assertThat(calendar.first()).isEqualTo(501);
    assertThat(calendar.steps()).hasSize(RunModel.ROWS).startsWith(5_010L).endsWith(15_000L);
    cycles(model, 1_201, 1_500);
    tell(model, Happenings.step(15_000));
    assertThat(next()).as("none comes any more").isNull();
  }

  @Test
  void beforeTheFirstCycleTheCalendarBeginsWithIt() {
    tell(model, opened(1, 0, 1_500));
    assertThat(next()).isEqualTo(10L);
    Views.Calendar calendar = Views.calendar(model, RunModel.ROWS);
    assertThat(calendar.first()).isEqualTo(1);
    assertThat(calendar.steps()).hasSize(RunModel.ROWS).startsWith(10L, 20L);
    assertThat(Views.calendar(new RunModel(), 10).steps()).isEmpty();
  }

  private Long next() {
    return Views.nextCycle(model);
  }
}
