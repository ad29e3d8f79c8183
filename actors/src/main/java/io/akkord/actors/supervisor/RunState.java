package io.akkord.actors.supervisor;

import io.akkord.proto.SupervisorEvent;
import io.akkord.proto.SupervisorEvent.WorkerJoined;

/**
 * What the supervisor's journal says of a run.
 *
 * @param attempts how many were started
 * @param checkpoint committed steps of the newest checkpoint; −1 if there is none
 * @param ended how the last attempt ended; empty while it goes on
 * @param canary hash of the known computation, as the run's first worker had it; empty before
 * @param machine that worker's instruction set and libtorch
 */
public record RunState(
    long attempts, long checkpoint, String ended, String canary, String machine) {
  static final RunState EMPTY = new RunState(0, -1, "", "", "");

  RunState apply(SupervisorEvent event) {
    return switch (event.getEventCase()) {
      case ATTEMPT_STARTED ->
          new RunState(event.getAttemptStarted().getAttempt(), checkpoint, "", canary, machine);
      case WORKER_JOINED -> canary.isEmpty() ? begunOn(event.getWorkerJoined()) : this;
      case CHECKPOINT_FINISHED ->
          new RunState(
              attempts, event.getCheckpointFinished().getCommittedSteps(), ended, canary, machine);
      case RUN_ENDED ->
          new RunState(attempts, checkpoint, event.getRunEnded().getOutcome(), canary, machine);
      default -> this;
    };
  }

  private RunState begunOn(WorkerJoined first) {
    return new RunState(attempts, checkpoint, ended, first.getCanary(), first.getMachine());
  }
}
