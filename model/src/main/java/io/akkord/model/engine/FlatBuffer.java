package io.akkord.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One-dimensional native memory that weights, gradients or moments live in. Windows of it are
 * direct buffers without a copy, so a slice for the wire is a {@link ByteBuffer}; only a window,
 * never the buffer, is limited to 2 GiB.
 */
public final class FlatBuffer implements AutoCloseable {
  private final NDManager manager;
  private final FlatMath math;
  private final NDArray array;
  private final int elementBytes;

  FlatBuffer(NDManager parent, FlatMath math, long elements, DataType type) {
    this.manager = parent.newSubManager();
    this.math = math;
    this.array = manager.zeros(new Shape(elements), type);
    this.elementBytes = type.getNumOfBytes();
  }

  private FlatBuffer(NDManager manager, FlatMath math, NDArray array, int elementBytes) {
    this.manager = manager;
    this.math = math;
    this.array = array;
    this.elementBytes = elementBytes;
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
   * buffer is open. Host memory only.
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
    try (NDManager scope = manager.newSubManager()) {
      NDArray view = math.window(scope, array, from, elements);
      return view.toByteBuffer(true).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
