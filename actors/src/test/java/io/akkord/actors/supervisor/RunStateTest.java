package io.akkord.actors.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.proto.SupervisorEvent;
import io.akkord.proto.SupervisorEvent.AttemptStarted;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.RunEnded;
import io.akkord.proto.SupervisorEvent.WorkerJoined;
import io.akkord.proto.SupervisorEvent.WorkerLost;
import org.junit.jupiter.api.Test;

class RunStateTest {
  private static SupervisorEvent attempt(long number) {
    return SupervisorEvent.newBuilder()
        .setAttemptStarted(AttemptStarted.newBuilder().setAttempt(number))
        .build();
  }

  private static SupervisorEvent ended(String outcome) {
    return SupervisorEvent.newBuilder()
        .setRunEnded(RunEnded.newBuilder().setOutcome(outcome))
        .build();
  }

  @Test
  void aRunThatNeverStartedHasNoCheckpoint() {
    assertThat(RunState.EMPTY).isEqualTo(new RunState(0, -1, "", "", ""));
  }

  @Test
  void aNewAttemptTakesTheEndBackAndKeepsTheCheckpoint() {
    RunState state =
        RunState.EMPTY
            .apply(attempt(1))
            .apply(
                SupervisorEvent.newBuilder()
                    .setCheckpointFinished(CheckpointFinished.newBuilder().setCommittedSteps(40))
                    .build())
            .apply(ended("failed"));
    assertThat(state).isEqualTo(new RunState(1, 40, "failed", "", ""));
    assertThat(state.apply(attempt(2))).isEqualTo(new RunState(2, 40, "", "", ""));
  }

  @Test
  void theFirstWorkersCanaryIsTheRuns() {
    RunState state = RunState.EMPTY.apply(joined("a", "1")).apply(joined("b", "2"));
    assertThat(state).isEqualTo(new RunState(0, -1, "", "1", "machine of a"));
    assertThat(state.apply(attempt(2)).canary()).isEqualTo("1");
  }

  private static SupervisorEvent joined(String worker, String canary) {
    return SupervisorEvent.newBuilder()
        .setWorkerJoined(
            WorkerJoined.newBuilder()
                .setWorker(worker)
                .setCanary(canary)
                .setMachine("machine of " + worker))
        .build();
  }

  @Test
  void whatIsOnlyToldLeavesTheStateAlone() {
    SupervisorEvent lost =
        SupervisorEvent.newBuilder().setWorkerLost(WorkerLost.newBuilder().setWorker("w")).build();
    assertThat(RunState.EMPTY.apply(lost)).isEqualTo(RunState.EMPTY);
  }
}
