package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.StepCommitted;
import io.akkord.proto.LedgerRules;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What all pages together keep of a large run: its model and its ledger, fed at once. */
class LedgerSoakTest {
  private static final int SAMPLES = 1_000_000;
  private static final int STEPS = 100_000;
  private static final int BATCH = 16;
  private static final long MARGIN_BYTES = 4 << 20;

  /** Dense arrays: 20 bytes a sample. */
  private static final long LEDGER_BYTES = 20L * SAMPLES;

  @Test
  void aMillionSamplesAndAHundredThousandStepsTakeNoMoreMemoryThanTwentyThousandDid()
      throws InterruptedException {
    final long empty = used();
    LedgerState state =
        new LedgerState(
            LedgerRules.newBuilder().setSamples(SAMPLES).setDecay(0.9).setEpsilon(1e-6).build());
    ScoreHeat heat = new ScoreHeat();
    RunModel model = new RunModel();
    model.apply(new TimedEvent(0, Happenings.opened(1, 0, STEPS)));
    SplittableRandom random = new SplittableRandom(7);
    long early = 0;
    for (int step = 0; step < STEPS; step++) {
      state.apply(step(step, random, heat));
      happens(model, step);
      if (step == STEPS / 5) {
        pages(state, heat);
        early = used();
      }
    }
    pages(state, heat);
    long late = used();
    assertThat(late - early).as("bytes more after 100,000 steps").isLessThan(MARGIN_BYTES);
    assertThat(late - empty).isLessThan(LEDGER_BYTES + MARGIN_BYTES);
    assertThat(state.committedSteps()).isEqualTo(STEPS);
    assertThat(model.committedSteps()).isEqualTo(STEPS);
    assertThat(model.cycleCount()).isEqualTo(STEPS / 10);
    assertThat(model.recent()).hasSize(RunModel.RECENT_STEPS);
    assertThat(model.checkpoints()).hasSize(RunModel.ROWS);
    assertThat(model.workers()).hasSize(RunModel.ROWS);
    assertThat(model.curves().size()).isLessThanOrEqualTo(Curves.CAPACITY);
    assertThat(sum(heat.counts())).isEqualTo((long) STEPS * BATCH);
  }

  private static void happens(RunModel model, int step) {
    tell(model, step, Happenings.varied(step));
    tell(model, step, Happenings.phases(step, 1, 2));
    if (step % 10 == 9) {
      tell(model, step, Happenings.cycle(step / 10 + 1, step + 1L, 3));
      tell(model, step, Happenings.eval(step + 1L));
      tell(model, step, Happenings.checkpoint(step + 1L));
      tell(model, step, new RunEvent.Worker("worker-" + step, "joined", "late"));
      tell(model, step, new RunEvent.Note("note " + step));
    }
  }

  private static void tell(RunModel model, int at, RunEvent event) {
    model.apply(new TimedEvent(at, event));
  }

  private static LedgerEvent step(int step, SplittableRandom random, ScoreHeat heat) {
    StepCommitted.Builder committed =
        StepCommitted.newBuilder().setStep(step).setMean(2).setStd(0.5);
    for (int i = 0; i < BATCH; i++) {
      float cost = (float) (1 + random.nextDouble() * 2);
      committed.addSamples((int) (((long) step * BATCH + i) * 7_919 % SAMPLES)).addCosts(cost);
      heat.add(step, cost);
    }
    return LedgerEvent.newBuilder().setStepCommitted(committed).build();
  }

  /** What a person looks at, so that nothing of it stays behind either. */
  private static void pages(LedgerState state, ScoreHeat heat) {
    SampleList list =
        new SampleList(null, new LedgerView.Content(state, List.of(), Map.of(), heat, "journal"));
    for (String sort : List.of("average", "cost", "visits", "revision")) {
      SampleList.Page deepest = list.page(sort, SampleList.Filter.ALL, 199, LedgerPages.PAGE);
      assertThat(deepest.samples()).hasSize(LedgerPages.PAGE);
      assertThat(deepest.matching()).isEqualTo(SAMPLES);
    }
    int[] averages = SampleList.histogram(state, -3, 3, ScoreHeat.BINS);
    assertThat(averages).hasSize(ScoreHeat.BINS);
  }

  private static long sum(int[][] counts) {
    long sum = 0;
    for (int[] column : counts) {
      for (int count : column) {
        sum += count;
      }
    }
    return sum;
  }

  private static long used() throws InterruptedException {
    for (int i = 0; i < 4; i++) {
      System.gc();
      Thread.sleep(50);
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
