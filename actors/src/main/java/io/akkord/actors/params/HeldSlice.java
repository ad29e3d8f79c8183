package io.akkord.actors.params;

import io.akkord.actors.params.ParameterShard.Apply;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * One copy of a slice as it lies on its device: weights and moments with their version, the sum of
 * a step that is not decided yet, and the last decisions. It outlives the actor that keeps it, so
 * all of this changes together, in jobs of the device thread.
 */
public final class HeldSlice {
  /** As many decisions as the ledger may lag behind, and one more. */
  static final int DECISIONS = 5;

  private static final int STATE_BUFFERS = 3;

  private final Slice slice;
  private final SliceDevice device;
  private final SliceStore store;
  private final Deque<Apply> decided = new ArrayDeque<>();
  private long version;
  private long summedUnder = -1;
  private boolean whole = true;

  HeldSlice(Slice slice, SliceDevice device, SliceStore store, long version) {
    this.slice = slice;
    this.device = device;
    this.store = store;
    this.version = version;
  }

  /** Adds up a step's gradient; returns the sum of squares by block. */
  double[] sum(long assignment, int shards, Map<Node, ByteBuffer> parts) {
    summedUnder = -1;
    store.sum(shards, parts);
    summedUnder = assignment;
    return store.sumsOfSquares();
  }

  /**
   * A copy for a checkpoint.
   *
   * @param nanos that it took: the next step waits for so long
   */
  record Copied(SliceStore.Snapshot snapshot, long nanos) {}

  /** Carries a decision out; returns a copy of the new version if it asks for one, else null. */
  Copied apply(Apply apply) {
    if (apply.step() != version) {
      throw new IllegalStateException(
          "step %d is to be applied to version %d".formatted(apply.step(), version));
    }
    if (!apply.skip() && summedUnder != apply.assignment()) {
      throw new IllegalStateException(
          "the decision on step %d is about the sum under assignment %d, this one is under %d"
              .formatted(apply.step(), apply.assignment(), summedUnder));
    }
    whole = false;
    if (apply.skip()) {
      store.drop();
    } else {
      store.apply(apply.clipScale(), apply.learningRate(), apply.adamSteps());
    }
    summedUnder = -1;
    version = apply.step() + 1;
    note(apply);
    whole = true;
    if (!apply.snapshot()) {
      return null;
    }
    long began = System.nanoTime();
    SliceStore.Snapshot snapshot = store.snapshot();
    return new Copied(snapshot, System.nanoTime() - began);
  }

  private void note(Apply apply) {
    if (decided.isEmpty() || decided.getLast().step() < apply.step()) {
      decided.addLast(apply);
    }
    if (decided.size() > DECISIONS) {
      decided.removeFirst();
    }
  }

  /**
   * Makes it independent of everybody else's memory.
   *
   * @param undone a decision that could not be carried out yet, or null
   */
  void settle(Apply undone) {
    if (summedUnder >= 0) {
      store.ownSum();
    } else {
      store.drop();
    }
    if (undone != null && undone.step() == version) {
      note(undone);
    }
  }

  SliceStore store() {
    return store;
  }

  /** Where it lies. */
  public SliceDevice device() {
    return device;
  }

  /** Committed steps in the weights. */
  public long version() {
    return version;
  }

  /** Which part of the parameters it is. */
  public Slice slice() {
    return slice;
  }

  /** Assignment under which the step after this version is summed; −1 if it is not. */
  public long summedUnder() {
    return summedUnder;
  }

  /** The last decisions, oldest first. */
  public List<Apply> decided() {
    return List.copyOf(decided);
  }

  /** Whether no update was broken off. */
  boolean whole() {
    return whole;
  }

  /** Bytes of weights and moments. */
  long bytes() {
    return STATE_BUFFERS * (long) store.weights().remaining();
  }

  /** Frees it; in a job of its device. */
  void close() {
    store.close();
  }
}
