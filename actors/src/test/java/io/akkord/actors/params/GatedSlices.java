package io.akkord.actors.params;

import io.akkord.actors.run.RunFacts;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A device that keeps slices of two floats, without an engine. Behind its gate jobs wait until the
 * test lets them, in order. An update subtracts the sum from the weights.
 */
final class GatedSlices implements SliceDevice {
  private final Queue<Runnable> jobs = new ArrayDeque<>();
  private boolean gated;

  /** From now on jobs wait. */
  synchronized void gate() {
    gated = true;
  }

  /** Runs all jobs that wait, and from now on every job at once. */
  synchronized void let() {
    gated = false;
    while (!jobs.isEmpty()) {
      jobs.remove().run();
    }
  }

  @Override
  public synchronized <T> CompletionStage<T> submit(Callable<T> job) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Runnable run =
        () -> {
          try {
            result.complete(job.call());
          } catch (Exception e) {
            result.completeExceptionally(e);
          }
        };
    if (gated) {
      jobs.add(run);
    } else {
      run.run();
    }
    return result;
  }

  @Override
  public SliceStore open(
      RunFacts facts,
      Slice slice,
      ByteBuffer weights,
      ByteBuffer firstMoment,
      ByteBuffer secondMoment) {
    return new Store(copy(weights));
  }

  static ByteBuffer floats(float first, float second) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(8).order(ByteOrder.LITTLE_ENDIAN);
    return bytes.putFloat(0, first).putFloat(4, second);
  }

  private static ByteBuffer copy(ByteBuffer from) {
    ByteBuffer in = from.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    return floats(in.getFloat(0), in.getFloat(4));
  }

  private static final class Store implements SliceStore {
    private final ByteBuffer weights;
    private float[] sum;

    Store(ByteBuffer weights) {
      this.weights = weights;
    }

    @Override
    public void sum(int shards, Map<Node, ByteBuffer> parts) {
      sum = new float[2];
      for (ByteBuffer part : parts.values()) {
        ByteBuffer in = part.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        sum[0] += in.getFloat(0);
        sum[1] += in.getFloat(4);
      }
    }

    @Override
    public double[] sumsOfSquares() {
      return new double[] {sum[0] * sum[0] + sum[1] * sum[1]};
    }

    @Override
    public void apply(double clipScale, double learningRate, long updates) {
      weights.putFloat(0, weights.getFloat(0) - sum[0]).putFloat(4, weights.getFloat(4) - sum[1]);
      sum = null;
    }

    @Override
    public void drop() {
      sum = null;
    }

    @Override
    public void ownSum() {}

    @Override
    public ByteBuffer weights() {
      return weights.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public Snapshot snapshot() {
      return new Snapshot(copy(weights), floats(0, 0), floats(0, 0));
    }

    @Override
    public void close() {}
  }
}
