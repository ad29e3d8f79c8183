package io.akkord.actors.run;

import io.akkord.config.RunPlan;
import io.akkord.config.Settings;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.util.ArrayList;
import java.util.List;

/**
 * What every actor of a run knows from the start: a pure function of recipe, model configuration
 * and data, worked out on every node alone.
 *
 * @param attempt 1-based; every start or resume of the run is a new one
 * @param slices of the parameters, none of them empty
 */
public record RunFacts(
    String runId,
    long attempt,
    RunPlan plan,
    Settings settings,
    ParameterLayout layout,
    List<Slice> slices) {
  /** Copies the list. */
  public RunFacts {
    slices = List.copyOf(slices);
  }

  /** Cuts the layout into a number of slices and leaves out empty ones. */
  public static RunFacts of(
      String runId,
      long attempt,
      RunPlan plan,
      Settings settings,
      ParameterLayout layout,
      int parameterShards) {
    List<Slice> slices = new ArrayList<>();
    for (Slice slice : layout.slices(parameterShards)) {
      if (slice.elements() > 0) {
        slices.add(new Slice(slices.size(), slice.from(), slice.to()));
      }
    }
    return new RunFacts(runId, attempt, plan, settings, layout, slices);
  }

  /** Whether workers wait after so many committed steps until they are told to proceed. */
  public boolean waitsAfter(long committedSteps) {
    var boundary = plan.after(committedSteps);
    return boundary.mustWait() || boundary.checkpoint();
  }
}
