package io.akkord.model.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One-dimensional native memory that weights, gradients or moments live in. Windows of it are
 * direct buffers, so a slice for the wire is a {@link ByteBuffer}; only a window, never the buffer,
 * is limited to 2 GiB. In host memory a window is the buffer's own; of memory on a CUDA device it
 * is part of a copy in host memory, brought up to date when the window is asked for, and what is
 * written to it counts from {@link #written} on.
 */
public final class FlatBuffer implements AutoCloseable {
  private final NDManager manager;
  private final FlatMath math;
  private final NDArray array;
  private final int elementBytes;
  private final NDManager hostManager;
  private final FlatBuffer host;

  FlatBuffer(NDManager parent, FlatMath math, long elements, DataType type) {
    this.manager = parent.newSubManager();
    this.math = math;
    this.array = manager.zeros(new Shape(elements), type);
    this.elementBytes = type.getNumOfBytes();
    boolean onDevice = parent.getDevice().isGpu();
    this.hostManager = onDevice ? NDManager.newBaseManager(Device.cpu(), "PyTorch") : null;
    this.host = onDevice ? new FlatBuffer(hostManager, math, elements, type) : null;
  }

  private FlatBuffer(NDManager manager, FlatMath math, NDArray array, int elementBytes) {
    this.manager = manager;
    this.math = math;
    this.array = array;
    this.elementBytes = elementBytes;
    this.hostManager = null;
    this.host = null;
  }

  /** Memory for numbers in bfloat16, in host memory. */
  static FlatBuffer wire(NDManager parent, FlatMath math, long elements) {
    NDManager own = parent.newSubManager();
    return new FlatBuffer(own, math, math.wire(own, elements), Short.BYTES);
  }

  /** Number of elements. */
  public long elements() {
    return array.getShape().get(0);
  }

  /** Bytes of one element: 4 or 8, or 2 on the way to the wire. */
  public int elementBytes() {
    return elementBytes;
  }

  /** The memory itself as one tensor. */
  NDArray array() {
    return array;
  }

  /**
   * A view of {@code elements} elements from {@code from} on, little endian; valid while this
   * buffer is open.
   *
   * @throws IllegalArgumentException if the window leaves the buffer or is larger than 2 GiB
   */
  public ByteBuffer window(long from, int elements) {
    if (from < 0 || elements < 0 || from + elements > elements()) {
      throw new IllegalArgumentException(
          "window [%d, %d) of %d elements".formatted(from, from + elements, elements()));
    }
    if (elements == 0) {
      return ByteBuffer.allocateDirect(0).order(ByteOrder.LITTLE_ENDIAN);
    }
    if (host != null) {
      copy(host.array, array, from, elements);
      return host.window(from, elements);
    }
    try (NDManager scope = manager.newSubManager()) {
      NDArray view = math.window(scope, array, from, elements);
      return view.toByteBuffer(true).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  /** What stands in windows of these elements is the buffer's now. */
  public void written(long from, int elements) {
    if (host != null && elements > 0) {
      copy(array, host.array, from, elements);
    }
  }

  private void copy(NDArray to, NDArray source, long from, int elements) {
    try (NDManager scope = manager.newSubManager()) {
      math.convert(
          scope,
          math.window(scope, to, from, elements),
          math.window(scope, source, from, elements));
    }
  }

  @Override
  public void close() {
    manager.close();
    if (host != null) {
      host.close();
      hostManager.close();
    }
  }
}
