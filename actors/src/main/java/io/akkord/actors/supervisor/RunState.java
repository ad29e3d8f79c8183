package io.akkord.actors.supervisor;

import io.akkord.proto.SupervisorEvent;

/**
 * What the supervisor's journal says of a run.
 *
 * @param attempts how many were started
 * @param checkpoint committed steps of the newest checkpoint; −1 if there is none
 * @param ended how the last attempt ended; empty while it goes on
 */
public record RunState(long attempts, long checkpoint, String ended) {
  static final RunState EMPTY = new RunState(0, -1, "");

  RunState apply(SupervisorEvent event) {
    return switch (event.getEventCase()) {
      case ATTEMPT_STARTED -> new RunState(event.getAttemptStarted().getAttempt(), checkpoint, "");
      case CHECKPOINT_FINISHED ->
          new RunState(attempts, event.getCheckpointFinished().getCommittedSteps(), ended);
      case RUN_ENDED -> new RunState(attempts, checkpoint, event.getRunEnded().getOutcome());
      default -> this;
    };
  }
}
