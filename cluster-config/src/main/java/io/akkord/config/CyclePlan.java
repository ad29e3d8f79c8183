package io.akkord.config;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * When rewrite cycles run: after {@code warmup} committed steps and every {@code every} from there,
 * before the end of the run (arXiv 2606.11206: t ≥ T_warm, every K).
 *
 * @param warmup steps before the first cycle, at least 1
 * @param every steps from cycle to cycle, at least 1
 */
public record CyclePlan(long warmup, long every, long totalSteps) {
  static CyclePlan of(Recipe.Rewrite rewrite, long totalSteps) {
    return new CyclePlan(
        rewrite.warmup().in(totalSteps), rewrite.every().in(totalSteps), totalSteps);
  }

  /** Cycles in the run. */
  public long count() {
    return warmup >= totalSteps ? 0 : (totalSteps - 1 - warmup) / every + 1;
  }

  /** Committed steps at which cycle {@code cycle} (from 1 on) runs. */
  public long step(int cycle) {
    if (cycle < 1 || cycle > count()) {
      throw new IllegalArgumentException("cycle %d of %d".formatted(cycle, count()));
    }
    return warmup + (cycle - 1) * every;
  }

  /** The cycle that runs after {@code committedSteps} steps, if one does. */
  public OptionalInt cycleAfter(long committedSteps) {
    long since = committedSteps - warmup;
    return since < 0 || since % every != 0 || committedSteps >= totalSteps
        ? OptionalInt.empty()
        : OptionalInt.of((int) (since / every) + 1);
  }

  List<Long> steps() {
    return LongStream.range(0, count()).map(i -> warmup + i * every).boxed().toList();
  }
}
