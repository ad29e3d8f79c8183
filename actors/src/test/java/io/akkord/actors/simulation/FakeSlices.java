package io.akkord.actors.simulation;

import io.akkord.actors.params.SliceDevice;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.tree.ReductionTree;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;

/** Slices whose update is a hash of weight, gradient, moments, rate and update count. */
final class FakeSlices implements SliceDevice {
  /** Elements of a block of the simulated layout. */
  static final int BLOCK = 2;

  private final SimDevice device;
  private final boolean normBySlices;

  /**
   * On a device.
   *
   * @param normBySlices a planted fault: one square for the whole slice
   */
  FakeSlices(SimDevice device, boolean normBySlices) {
    this.device = device;
    this.normBySlices = normBySlices;
  }

  @Override
  public <T> CompletionStage<T> submit(Callable<T> job) {
    return device.submit(job);
  }

  @Override
  public SliceStore open(
      RunFacts facts, Slice slice, ByteBuffer weights, ByteBuffer first, ByteBuffer second) {
    return new Store(slice, weights, first, second);
  }

  static ByteBuffer bytes(double[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(values);
    return bytes;
  }

  static double[] numbers(ByteBuffer bytes) {
    double[] values = new double[bytes.remaining() / Double.BYTES];
    bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
    return values;
  }

  static double[] add(double[] left, double[] right) {
    double[] sum = new double[left.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = left[i] + right[i];
    }
    return sum;
  }

  private final class Store implements SliceStore {
    private final Slice slice;
    private final ByteBuffer weights;
    private final ByteBuffer first;
    private final ByteBuffer second;
    private double[] sum;

    Store(Slice slice, ByteBuffer weights, ByteBuffer first, ByteBuffer second) {
      this.slice = slice;
      int elements = Math.toIntExact(slice.elements());
      this.weights = bytes(numbers(weights));
      this.first = bytes(first == null ? new double[elements] : numbers(first));
      this.second = bytes(second == null ? new double[elements] : numbers(second));
    }

    @Override
    public void sum(int shards, Map<Node, ByteBuffer> parts) {
      Map<Node, double[]> values = new HashMap<>();
      parts.forEach((node, bytes) -> values.put(node, numbers(bytes)));
      Broken.unless(
          values.values().stream().allMatch(v -> v.length == slice.elements()),
          "a gradient of another slice is added to slice %s",
          slice);
      int covered = parts.keySet().stream().mapToInt(n -> n.hi() - n.lo()).sum();
      boolean apart =
          parts.keySet().stream()
              .allMatch(
                  a ->
                      parts.keySet().stream()
                          .allMatch(b -> a == b || a.hi() <= b.lo() || b.hi() <= a.lo()));
      Broken.unless(apart && covered == shards, "not every shard counts once: %s", parts.keySet());
      sum = ReductionTree.reduce(ReductionTree.root(shards), values, FakeSlices::add);
    }

    @Override
    public double[] sumsOfSquares() {
      double[] squares = new double[normBySlices ? 1 : (sum.length + BLOCK - 1) / BLOCK];
      for (int i = 0; i < sum.length; i++) {
        squares[normBySlices ? 0 : i / BLOCK] += sum[i] * sum[i];
      }
      return squares;
    }

    @Override
    public void apply(double clipScale, double learningRate, long updates) {
      Broken.unless(sum != null, "slice %s is updated before it is summed", slice);
      for (int i = 0; i < sum.length; i++) {
        int at = i * Double.BYTES;
        long old = Chain.bits(weights.getDouble(at));
        long g = Chain.bits(sum[i] * clipScale);
        long m = Chain.of(Chain.bits(first.getDouble(at)), g);
        long v = Chain.of(Chain.bits(second.getDouble(at)), g, updates);
        first.putDouble(at, Chain.number(m));
        second.putDouble(at, Chain.number(v));
        long rate = Chain.bits(learningRate);
        weights.putDouble(at, Chain.number(Chain.of(old, g, m, v, rate, slice.from() + i)));
      }
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
      return new Snapshot(bytes(numbers(weights)), bytes(numbers(first)), bytes(numbers(second)));
    }

    @Override
    public void close() {}
  }
}
