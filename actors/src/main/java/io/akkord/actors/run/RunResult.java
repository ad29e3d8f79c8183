package io.akkord.actors.run;

import java.nio.file.Path;

/**
 * How a run ended.
 *
 * @param outcome finished, stopped or failed
 * @param reason why
 * @param checkpoint the last checkpoint; null if the run failed
 */
public record RunResult(
    String runId, long committedSteps, String outcome, String reason, Path checkpoint) {
  /** Whether all steps are done. */
  public boolean finished() {
    return outcome.equals("finished");
  }
}
