package io.akkord.model.hf;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/** Named tensors that can be read in parts. */
public interface TensorSource {
  /** Elements from {@code from} on, widened or rounded to float32. */
  void read(String name, long from, FloatBuffer target);

  /** Elements from {@code from} on, widened to float64. */
  void readDouble(String name, long from, DoubleBuffer target);
}
