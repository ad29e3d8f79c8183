package io.akkord.model.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.optim.AdamW;
import io.akkord.model.tree.ReductionTree;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * One slice of the master weights with its AdamW moments: finishes the sum of gradients along the
 * fixed tree, measures it by blocks, and applies the update. Every method must run on one {@link
 * DeviceThread}.
 */
public final class SliceOptimizer implements AutoCloseable {
  private final Slice slice;
  private final long decayEnd;
  private final AdamW hyper;
  private final DataType type;
  private final WireDtype wire;
  private final NDManager manager;
  private final FlatMath math;
  private final FlatBuffer weights;
  private final FlatBuffer firstMoment;
  private final FlatBuffer secondMoment;
  private final FlatBuffer sent;
  private final List<FlatBuffer> scratch = new ArrayList<>();
  private FlatBuffer arrived;
  private NDManager gradientScope;
  private NDArray gradient;

  private SliceOptimizer(
      ParameterLayout layout, Slice slice, AdamW hyper, String dtype, WireDtype wire) {
    this.wire = wire;
    this.slice = slice;
    this.decayEnd = layout.decayEnd();
    this.hyper = hyper;
    this.type = dtype.equals("float64") ? DataType.FLOAT64 : DataType.FLOAT32;
    this.manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    this.math = new FlatMath(manager);
    this.weights = buffer();
    this.firstMoment = buffer();
    this.secondMoment = buffer();
    this.sent =
        wire == WireDtype.FLOAT32 ? weights : FlatBuffer.wire(manager, math, slice.elements());
  }

  /** Allocates weights and moments, all zero, of which nothing is rounded on the wire. */
  public static SliceOptimizer open(
      ParameterLayout layout, Slice slice, AdamW hyper, String dtype) {
    return open(layout, slice, hyper, dtype, WireDtype.FLOAT32);
  }

  /**
   * Allocates weights and moments, all zero.
   *
   * @param dtype of both: float64, or anything else for float32
   * @param wire what parts of gradients come as and parameters go as
   */
  public static SliceOptimizer open(
      ParameterLayout layout, Slice slice, AdamW hyper, String dtype, WireDtype wire) {
    NativeLibrary.load();
    return new SliceOptimizer(layout, slice, hyper, dtype, wire);
  }

  private FlatBuffer buffer() {
    return new FlatBuffer(manager, math, slice.elements(), type);
  }

  /** Master weights of the slice. */
  public FlatBuffer weights() {
    return weights;
  }

  /**
   * What workers get: the weights themselves, or their copy in the wire's type as {@link #refresh}
   * left it.
   */
  public FlatBuffer sent() {
    return sent;
  }

  /** Brings {@link #sent} up to date after weights were written from outside. */
  public void refresh() {
    if (wire == WireDtype.BFLOAT16 && slice.elements() > 0) {
      math.convert(manager, sent.array(), weights.array());
    }
  }

  /** m of AdamW. */
  public FlatBuffer firstMoment() {
    return firstMoment;
  }

  /** v of AdamW. */
  public FlatBuffer secondMoment() {
    return secondMoment;
  }

  /**
   * Adds the partial sums of a step along the tree. The parts are read only and must stay unchanged
   * until {@link #apply} or {@link #drop}.
   *
   * @param shards number of logical shards n
   * @param parts by subtree, together covering 0 … n−1; each holds the slice's elements in the
   *     wire's type, little endian
   */
  public void sum(int shards, Map<Node, ByteBuffer> parts) {
    drop();
    gradientScope = manager.newSubManager();
    gradient = resolve(ReductionTree.root(shards), parts, 0);
  }

  /** A part is used as it lies or is widened; that and a sum go to the scratch of their depth. */
  private NDArray resolve(Node node, Map<Node, ByteBuffer> parts, int depth) {
    ByteBuffer part = parts.get(node);
    if (part != null) {
      return part(part, depth);
    }
    if (node.isLeaf()) {
      throw new IllegalArgumentException("no gradient of logical shard " + node.lo());
    }
    NDArray left = resolve(node.left(), parts, depth);
    NDArray right = resolve(node.right(), parts, depth + 1);
    NDArray target = scratch(depth).array();
    if (left == target) {
      math.add(manager, target, right);
    } else {
      math.sum(manager, target, left, right);
    }
    if (wire == WireDtype.BFLOAT16 && slice.elements() > 0) {
      math.rounded(manager, target);
    }
    return target;
  }

  private NDArray part(ByteBuffer part, int depth) {
    Shape shape = new Shape(slice.elements());
    if (wire == WireDtype.FLOAT32) {
      return gradientScope.create(part, shape, type);
    }
    NDArray target = scratch(depth).array();
    if (slice.elements() > 0) {
      if (arrived == null) {
        arrived = FlatBuffer.wire(manager, math, slice.elements());
      }
      arrived.window(0, Math.toIntExact(slice.elements())).put(part.duplicate());
      math.convert(manager, target, arrived.array());
    }
    return target;
  }

  private FlatBuffer scratch(int depth) {
    while (scratch.size() <= depth) {
      scratch.add(buffer());
    }
    return scratch.get(depth);
  }

  /**
   * Sum of squares of the summed gradient per block, float64, in block order; not finite where a
   * block is not.
   */
  public double[] sumsOfSquares() {
    return slice.elements() == 0 ? new double[0] : math.sumsOfSquares(manager, gradient);
  }

  /**
   * Clips and applies AdamW to the slice, then forgets the gradient.
   *
   * @param clipScale what the gradient is multiplied with
   * @param learningRate of this step
   * @param updates n of the bias correction, 1 at the first update
   */
  public void apply(double clipScale, double learningRate, long updates) {
    if (slice.elements() > 0) {
      NDArray clipped = gradient;
      if (clipScale != 1.0) {
        clipped = scratch(0).array();
        math.scaled(manager, clipped, gradient, clipScale);
      }
      long border = Math.min(Math.max(decayEnd - slice.from(), 0), slice.elements());
      update(clipped, 0, border, hyper.weightDecay(), learningRate, updates);
      update(clipped, border, slice.elements(), 0, learningRate, updates);
      refresh();
    }
    drop();
  }

  private void update(NDArray g, long from, long to, double decay, double rate, long updates) {
    if (from == to) {
      return;
    }
    try (NDManager scope = manager.newSubManager()) {
      List<List<NDArray>> runs = new ArrayList<>();
      for (NDArray flat :
          Arrays.asList(weights.array(), g, firstMoment.array(), secondMoment.array())) {
        runs.add(List.of(math.window(scope, flat, from, to - from)));
      }
      double[] numbers = {rate, hyper.beta1(), hyper.beta2(), decay, hyper.epsilon()};
      math.adamw(manager, numbers, runs.get(0), runs.get(1), runs.get(2), runs.get(3), updates);
    }
  }

  /** From now on the summed gradient does not need the parts any more. */
  public void ownSum() {
    boolean own = scratch.stream().anyMatch(buffer -> buffer.array() == gradient);
    if (gradient != null && !own && slice.elements() > 0) {
      NDArray copy = scratch(0).array();
      math.scaled(manager, copy, gradient, 1.0);
      drop();
      gradient = copy;
    }
  }

  /** Forgets the gradient of a step that is skipped or summed anew. */
  public void drop() {
    gradient = null;
    if (gradientScope != null) {
      gradientScope.close();
      gradientScope = null;
    }
  }

  @Override
  public void close() {
    drop();
    math.close();
    manager.close();
  }
}
