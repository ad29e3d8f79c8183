package io.akkord.actors.job;

import java.util.function.Consumer;

/** Carries out jobs on this node. */
public interface JobRunner {
  /** Outcome of a job whose node was cut off: it is begun again. */
  String LOST = "lost";

  /**
   * How a job ended.
   *
   * @param outcome finished, stopped, failed or {@link #LOST}
   * @param interrupted this node ends, and the job goes on where it is started again
   */
  record Outcome(String outcome, String reason, long committedSteps, boolean interrupted) {}

  /** A job under way. */
  interface Handle {
    /** Ends it after the step in flight with a checkpoint; returns at once. */
    void stop(String reason);
  }

  /**
   * Begins a job and returns at once.
   *
   * @param again the job was begun before, maybe on another node: what it left is taken up
   * @param workers how many are there now
   * @param ended told once, on any thread
   */
  Handle start(Job job, boolean again, int workers, Consumer<Outcome> ended);
}
