package io.akkord.actors.ledger;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Arrays of numbers as little-endian bytes and back. */
final class RawArrays {
  private RawArrays() {}

  static ByteString ofDoubles(double[] values) {
    ByteBuffer bytes = allocate(values.length, Double.BYTES);
    bytes.asDoubleBuffer().put(values);
    return UnsafeByteOperations.unsafeWrap(bytes);
  }

  static ByteString ofInts(int[] values) {
    ByteBuffer bytes = allocate(values.length, Integer.BYTES);
    bytes.asIntBuffer().put(values);
    return UnsafeByteOperations.unsafeWrap(bytes);
  }

  static ByteString ofFloats(float[] values) {
    ByteBuffer bytes = allocate(values.length, Float.BYTES);
    bytes.asFloatBuffer().put(values);
    return UnsafeByteOperations.unsafeWrap(bytes);
  }

  static void toDoubles(ByteString bytes, double[] values) {
    view(bytes, values.length, Double.BYTES).asDoubleBuffer().get(values);
  }

  static void toInts(ByteString bytes, int[] values) {
    view(bytes, values.length, Integer.BYTES).asIntBuffer().get(values);
  }

  static void toFloats(ByteString bytes, float[] values) {
    view(bytes, values.length, Float.BYTES).asFloatBuffer().get(values);
  }

  private static ByteBuffer allocate(int elements, int size) {
    return ByteBuffer.allocate(Math.multiplyExact(elements, size)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer view(ByteString bytes, int elements, int size) {
    if (bytes.size() != Math.multiplyExact(elements, size)) {
      throw new IllegalArgumentException(
          "an array of " + bytes.size() + " bytes where " + elements + " × " + size + " belong");
    }
    return bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }
}
