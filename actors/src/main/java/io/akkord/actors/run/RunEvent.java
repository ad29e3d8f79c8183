package io.akkord.actors.run;

import io.akkord.actors.params.StepReport;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import io.akkord.proto.SupervisorEvent.EvalFinished;

/** What happens in a run, for people: progress line, metrics file, report. Stays in the process. */
public sealed interface RunEvent {

  /** A step was committed. */
  record Step(StepReport report) implements RunEvent {}

  /** A cycle is over. */
  record Cycle(CycleFinished finished) implements RunEvent {}

  /** The held-out samples were scored. */
  record Eval(EvalFinished finished) implements RunEvent {}

  /** A checkpoint is written and verified. */
  record Checkpoint(CheckpointFinished finished) implements RunEvent {}

  /** Something a person should know. */
  record Note(String text) implements RunEvent {}

  /**
   * The run is over.
   *
   * @param outcome finished, stopped or failed
   */
  record Ended(long committedSteps, String outcome, String reason, String checkpoint)
      implements RunEvent {}
}
