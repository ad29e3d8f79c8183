package io.akkord.deploy.state;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class TimelineTest {
  private static final long T = 1_700_000_000_000L;

  private static TimedEvent step(long number, long at, double seconds, double loss) {
    return new TimedEvent(
        at,
        new RunEvent.Step(
            new StepReport(
                number, 0, loss, 1, 0.5, 1, 1, 1, 0, 1, false, 1e-3, 0, 1, 1_000, 8, seconds,
                null)));
  }

  private static WorkerPhases phases(String worker, double forward) {
    return new WorkerPhases(worker, 0.01, 0.02, forward, 0.05, 0.03, 0.01, 0.01);
  }

  /** As Java's own parser sees the text that is written. */
  private static JsonNode trace(TimedEvent... events) throws Exception {
    return new ObjectMapper().readTree(Timeline.of("run x", List.of(events)).toString());
  }

  private static List<JsonNode> events(JsonNode trace, String name) {
    return StreamSupport.stream(trace.path("traceEvents").spliterator(), false)
        .filter(event -> event.path("name").asText().startsWith(name))
        .toList();
  }

  private static TimedEvent[] story() {
    return new TimedEvent[] {
      new TimedEvent(T, new RunEvent.Worker("worker-0", "joined", "from the start")),
      step(0, T + 200, 0.2, 2.5),
      // Its measured time reaches into the step before it by some milliseconds.
      step(1, T + 390, 0.25, Double.NaN),
      new TimedEvent(
          T + 391,
          new RunEvent.Phases(
              1, List.of(phases("worker-0", 0.05), phases("worker-1", 0.05), phases("slow", 0.4)))),
      new TimedEvent(
          T + 900,
          new RunEvent.Cycle(
              CycleFinished.newBuilder()
                  .setCycle(1)
                  .setCommittedSteps(2)
                  .setCandidates(5)
                  .setAccepted(3)
                  .setRejected(2)
                  .setReason("5 of 5")
                  .build())),
      new TimedEvent(
          T + 950,
          new RunEvent.Checkpoint(
              CheckpointFinished.newBuilder().setCommittedSteps(2).setSeconds(0.3).build())),
      new TimedEvent(T + 960, new RunEvent.Overdue(2, List.of("slow"), "waited 30 s")),
      new TimedEvent(T + 970, new RunEvent.Worker("slow", "lost", "it was \"late\"\n")),
      new TimedEvent(T + 980, new RunEvent.Ended(2, "stopped", "by Ctrl-C", null)),
    };
  }

  @Test
  void theTraceHasTheFormThatViewersDemand() throws Exception {
    JsonNode trace = trace(story());
    assertThat(TraceFormat.wrong(trace)).isEmpty();
    List<String> processes =
        events(trace, "process_name").stream()
            .map(event -> event.path("args").path("name").asText())
            .toList();
    assertThat(processes).containsExactly("run x", "worker-0", "worker-1", "slow");
  }

  @Test
  void aStepThatReachesIntoTheOneBeforeBeginsWhereThatEnds() throws Exception {
    JsonNode trace = trace(story());
    JsonNode first = events(trace, "step 0").get(0);
    JsonNode second = events(trace, "step 1").get(0);
    assertThat(first.path("ts").asLong()).isEqualTo(T * 1000);
    assertThat(second.path("ts").asLong())
        .isEqualTo(first.path("ts").asLong() + first.path("dur").asLong());
    assertThat(second.path("ts").asLong() + second.path("dur").asLong())
        .isEqualTo((T + 390) * 1000);
    assertThat(events(trace, "loss")).as("NaN is on no curve").hasSize(1);
  }

  @Test
  void aStragglerIsMarkedAndNobodyElse() throws Exception {
    JsonNode trace = trace(story());
    List<JsonNode> marks = events(trace, "straggler in step 1");
    assertThat(marks).hasSize(1);
    int slow = marks.get(0).path("pid").asInt();
    assertThat(marks.get(0).path("args").path("times_the_median").asDouble()).isEqualTo(4.5);
    assertThat(events(trace, "forward"))
        .hasSize(3)
        .allMatch(bar -> bar.has("cname") == (bar.path("pid").asInt() == slow));
    assertThat(events(trace, "late: waited 30 s").get(0).path("pid").asInt()).isEqualTo(slow);
  }

  @Test
  void aCycleIsASpanFromTheEndOfItsStepWithWhatCameOfIt() throws Exception {
    JsonNode cycle = events(trace(story()), "rewrite cycle 1").get(0);
    assertThat(cycle.path("ph").asText()).isEqualTo("X");
    assertThat(cycle.path("ts").asLong()).isEqualTo((T + 390) * 1000);
    assertThat(cycle.path("dur").asLong()).isEqualTo(510_000);
    assertThat(cycle.path("args").path("accepted").asInt()).isEqualTo(3);
  }

  @Test
  void aRunWithoutAnyEventHasAnEmptyTrace() throws Exception {
    JsonNode trace = trace();
    assertThat(TraceFormat.wrong(trace)).isEmpty();
    assertThat(events(trace, "step ")).isEmpty();
  }
}
