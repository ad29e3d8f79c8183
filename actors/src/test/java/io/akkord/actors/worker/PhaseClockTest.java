package io.akkord.actors.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.params.WorkerPhases;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PhaseClockTest {
  private final AtomicLong now = new AtomicLong();
  private final PhaseClock clock = new PhaseClock("w", now::get);

  private void after(double seconds) {
    now.addAndGet(Math.round(seconds * 1e9));
  }

  private void step(double barrier) {
    clock.block();
    after(0.25);
    clock.installed();
    after(2);
    clock.forwarded(new Compute.Scores(List.of(), 1, 1, 0.5, 1.5));
    after(barrier);
    clock.opened();
    after(3);
    clock.backwarded();
    after(0.125);
    clock.pushed();
    after(0.5);
  }

  @Test
  void aStepIsToldWhenTheNextParametersComeAndItsPhasesAreTheWholeStep() {
    step(1);
    assertThat(clock.take()).as("the step is not over").isNull();
    clock.block();
    WorkerPhases told = clock.take();
    assertThat(told).isEqualTo(new WorkerPhases("w", 0.25, 0.5, 1.5, 1, 3, 0.125, 0.5));
    assertThat(told.values().stream().mapToDouble(Double::doubleValue).sum()).isEqualTo(6.875);
    assertThat(clock.take()).as("told once").isNull();
  }

  @Test
  void eachStepHasItsOwnTimes() {
    step(1);
    step(4);
    clock.block();
    assertThat(clock.take().barrier()).isEqualTo(4);
  }

  @Test
  void aWorkerThatOnlyFollowsTellsNothing() {
    clock.block();
    after(1);
    clock.installed();
    clock.block();
    assertThat(clock.take()).isNull();
  }
}
