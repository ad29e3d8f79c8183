package io.akkord.actors.run;

import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.config.EffectiveRecipe.Setting;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import java.util.List;

/** What happens in a run, for people: progress line, metrics file, report. Stays in the process. */
public sealed interface RunEvent {

  /**
   * An attempt begins.
   *
   * @param fromStep committed steps it goes on from
   * @param firstCycle committed steps before the first rewrite cycle; 0 without cycles
   * @param cycleEvery steps from cycle to cycle
   * @param cycles of the whole run
   * @param settings every key of the recipe with the origin of its value
   */
  record Opened(
      String runId,
      long attempt,
      long fromStep,
      long totalSteps,
      int samples,
      int workers,
      long firstCycle,
      long cycleEvery,
      long cycles,
      List<Setting> settings)
      implements RunEvent {}

  /**
   * A worker changed.
   *
   * @param state joined, lost or left
   * @param reason why
   */
  record Worker(String id, String state, String reason) implements RunEvent {}

  /** A step waited too long for somebody. */
  record Overdue(long step, List<String> late, String reason) implements RunEvent {}

  /** A step was committed. */
  record Step(StepReport report) implements RunEvent {}

  /** Where each worker's time went in a step; told when the next step is scored. */
  record Phases(long step, List<WorkerPhases> workers) implements RunEvent {}

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
