package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RunModelTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  static LongStream seeds() {
    return LongStream.range(0, 40);
  }

  private static RunModel fold(List<TimedEvent> events) {
    RunModel model = new RunModel();
    events.forEach(model::apply);
    return model;
  }

  /** Everything that is shown, as text. */
  private static String shown(RunModel m) throws Exception {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("steps", m.recent().stream().map(r -> Views.step(r, m.phases(r.step()))).toList());
    all.put("evals", m.evals().stream().map(Views::eval).toList());
    all.put("cycles", m.cycles().stream().map(Views::cycle).toList());
    all.put("checkpoints", m.checkpoints().stream().map(Object::toString).toList());
    all.put("workers", m.workers());
    all.put("curves", Views.curves(m, "step", Curves.NAMES, 0));
    all.put("attention", Attention.of(m, Attention.Disk.UNKNOWN));
    all.put("tokens", m.tokens());
    all.put("log", m.log().find(0, "", "", 5000));
    return JSON.writeValueAsString(all);
  }

  @Test
  void aGoldenRunIsShownAsItWas() {
    RunModel model = new RunModel();
    long at = 1000;
    for (RunEvent event :
        List.of(
            Happenings.opened(1, 0, 4),
            new RunEvent.Worker("worker-0", "joined", "after step 0"),
            Happenings.step(0),
            Happenings.step(1),
            Happenings.cycle(1, 2, 3),
            Happenings.checkpoint(2),
            Happenings.eval(2),
            Happenings.step(2),
            Happenings.step(3),
            new RunEvent.Ended(4, "finished", "all steps are done", "checkpoint-4"))) {
      model.apply(new TimedEvent(at++, event));
    }
    assertThat(model.committedSteps()).isEqualTo(4);
    assertThat(model.tokens()).isEqualTo(4000);
    assertThat(model.samples()).isEqualTo(32);
    assertThat(model.seconds()).isEqualTo(1.0);
    assertThat(model.tokensPerSecond()).isEqualTo(4000);
    assertThat(model.recent()).extracting(StepReport::step).containsExactly(0L, 1L, 2L, 3L);
    assertThat(model.workers())
        .containsExactly(new WorkerRow("worker-0", "left", "the run has finished", 1009, 1));
    assertThat(model.log().find(0, "", "", 100))
        .extracting(LogLine::text)
        .containsExactly(
            "attempt 1 begins after step 0 with 2 workers",
            "joined: after step 0",
            "cycle 1 after step 2: 5 candidates, 3 taken, 2 not (5 of 5 candidates)",
            "checkpoint after step 2",
            "finished after step 4: all steps are done");
    assertThat(Views.curves(model, "step", List.of("loss"), 0).get("xs"))
        .isEqualTo(new long[] {0, 1, 2, 3});
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void foldingTwiceGivesTheSameAndStepsAreCountedOnce(long seed) throws Exception {
    List<TimedEvent> events = Happenings.run(seed);
    RunModel model = fold(events);
    assertThat(shown(fold(events))).isEqualTo(shown(model));
    assertThat(model.committedSteps()).isEqualTo(200);
    assertThat(model.tokens()).as("a resumed run counts no step twice").isEqualTo(200_000);
    assertThat(model.recent()).extracting(StepReport::step).doesNotHaveDuplicates().isSorted();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void stepsThatAreReadAgainFromTheRecordChangeNothing(long seed) throws Exception {
    List<TimedEvent> events = Happenings.run(seed);
    RunModel model = fold(events);
    String before = shown(model);
    events.stream().filter(e -> e.event() instanceof RunEvent.Step).forEach(model::apply);
    assertThat(shown(model)).isEqualTo(before);
  }

  @Test
  void anAttemptThatStartsFurtherBackTakesWhatCameAfterWithIt() {
    RunModel model = new RunModel();
    model.apply(new TimedEvent(1, Happenings.opened(1, 0, 100)));
    model.apply(new TimedEvent(2, Happenings.checkpoint(10)));
    model.apply(new TimedEvent(3, Happenings.cycle(1, 10, 1)));
    model.apply(new TimedEvent(4, Happenings.checkpoint(20)));
    model.apply(new TimedEvent(5, Happenings.cycle(2, 20, 1)));
    model.apply(new TimedEvent(6, Happenings.opened(2, 10, 100)));
    assertThat(model.checkpoints()).hasSize(1);
    assertThat(model.cycles()).hasSize(1);
  }
}
