package io.akkord.actors.worker;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which shards a worker computes in which step, and how far it is with those of the step it has
 * begun. Without actors or device.
 */
final class WorkerShares {

  /** Shards that are computed together under an assignment. */
  record Share(long number, List<Integer> shards) {}

  private final Map<Long, List<Share>> ofStep = new HashMap<>();
  private final List<Long> scored = new ArrayList<>();
  private final Set<Long> unpushed = new HashSet<>();
  private Share later;
  private long begun = -1;
  private long pushed = -1;

  /** Shares of the begun step under an older assignment count no more. */
  private long countsFrom = -1;

  /**
   * Takes what it is told.
   *
   * @param version of the parameters that its device computes with
   * @return what is to be computed at once, of the begun step
   */
  List<Share> assign(GpuWorker.Assigned told, long version) {
    if (later != null && told.number() <= later.number()) {
      // A repeated one must not be computed twice, an older one is over.
      return List.of();
    }
    Share now = new Share(told.number(), told.now());
    boolean anew = told.anew() || later == null;
    List<Share> shares = new ArrayList<>(anew ? List.of() : sharesOf(told.step()));
    shares.add(now);
    ofStep.put(told.step(), shares);
    later = new Share(told.number(), told.all());
    if (begun != version || begun < told.step()) {
      return List.of();
    }
    if (begun > told.step()) {
      // The parameters took the lane and were faster.
      return beginAnew(later);
    }
    return anew ? beginAnew(now) : computed(List.of(now));
  }

  /** What was begun of the step counts under no assignment any more. */
  private List<Share> beginAnew(Share share) {
    countsFrom = share.number();
    scored.clear();
    unpushed.clear();
    return computed(List.of(share));
  }

  private List<Share> computed(List<Share> shares) {
    List<Share> some = shares.stream().filter(share -> !share.shards().isEmpty()).toList();
    some.forEach(share -> unpushed.add(share.number()));
    return some;
  }

  private List<Share> sharesOf(long step) {
    return ofStep.getOrDefault(step, List.of(later));
  }

  /** Parameters of a version are here: what belongs to steps before it is over. */
  void installed(long version) {
    ofStep.keySet().removeIf(step -> step < version);
    scored.clear();
  }

  /** Whether it knows what to do in a step and has not begun it. */
  boolean canBegin(long step) {
    return later != null && begun != step;
  }

  /** Begins a step; returns what is to be computed. */
  List<Share> begin(long step) {
    begun = step;
    countsFrom = -1;
    scored.clear();
    unpushed.clear();
    return computed(sharesOf(step));
  }

  /** The step begun last; −1 before the first. */
  long begun() {
    return begun;
  }

  /** Notes scores; false if nobody waits for them. */
  boolean scored(long step, long number) {
    return step == begun && number >= countsFrom && scored.add(number);
  }

  /** Assignments under which scores are in, each once. */
  List<Long> takeScored() {
    List<Long> all = List.copyOf(scored);
    scored.clear();
    return all;
  }

  /** The gradient of a share is on its way. */
  void pushed(long step, long number) {
    unpushed.remove(number);
    if (step == begun && unpushed.isEmpty()) {
      pushed = step;
    }
  }

  /** Whether every gradient of a step is on its way. */
  boolean hasPushed(long step) {
    return pushed >= step;
  }
}
