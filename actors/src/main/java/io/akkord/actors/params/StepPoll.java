package io.akkord.actors.params;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * When each worker was last heard of, and how far it says it is with a step that takes too long.
 * Whose scores or gradient are missing only the workers know: one that hangs keeps the others
 * waiting for its slices, and who does not answer is the one.
 */
final class StepPoll {
  private final LongSupplier nanos;
  private final Map<String, Boolean> pushed = new HashMap<>();
  private final Map<String, Long> heardNanos = new HashMap<>();

  StepPoll(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * Who keeps a step waiting.
   *
   * @param what is missing, of whom, and when they were last heard of
   */
  record Late(List<String> workers, String what) {}

  void heard(String worker) {
    heardNanos.put(worker, nanos.getAsLong());
  }

  /** Everybody is asked now. */
  void ask() {
    pushed.clear();
  }

  void answered(String worker, boolean hasPushed) {
    heard(worker);
    pushed.put(worker, hasPushed);
  }

  /**
   * Who keeps a step waiting.
   *
   * @param unsummed who has not summed a slice that it keeps
   */
  Late late(
      Collection<String> workers,
      Assignment assignment,
      StepBarrier barrier,
      Collection<String> unsummed) {
    List<String> silent = workers.stream().filter(w -> !pushed.containsKey(w)).toList();
    List<String> slow;
    String what;
    if (barrier.scored()) {
      slow =
          assignment.owners().stream()
              .distinct()
              .filter(w -> !pushed.getOrDefault(w, false))
              .toList();
      what =
          "the sums of slices %s (phase backward and push); gradient not sent: %s"
              .formatted(barrier.unsummed(), slow);
      if (slow.isEmpty()) {
        // Everybody's gradient is on its way: a copy does nothing with it.
        slow = unsummed.stream().filter(workers::contains).toList();
        what += "; not summed by " + unsummed;
      }
    } else {
      slow = barrier.unscored().stream().map(assignment.owners()::get).distinct().toList();
      what =
          "the scores of shards %s of %s (phase data and forward)"
              .formatted(barrier.unscored(), slow);
    }
    List<String> late = silent.isEmpty() ? slow : silent;
    String heard = late.stream().map(this::lastHeard).collect(Collectors.joining(", "));
    return new Late(late, "%s; not answering: %s; last heard of %s".formatted(what, silent, heard));
  }

  private String lastHeard(String worker) {
    Long at = heardNanos.get(worker);
    return at == null
        ? worker + " never"
        : "%s %.1f s ago".formatted(worker, (nanos.getAsLong() - at) / 1e9);
  }
}
