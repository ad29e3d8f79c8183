package io.akkord.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.akkord.model.data.MicroBatch;
import java.util.List;

/**
 * A micro-batch as native arrays: the first arguments of every program method that takes one.
 *
 * @param arguments ids [B,T], positions of the targets [N], labels [N], averages [samples, N],
 *     packing
 */
record BatchInputs(List<Object> arguments) {

  /**
   * Copies a micro-batch.
   *
   * @param scope owns the arrays
   * @param type of numbers that are no ids
   */
  static BatchInputs of(NDManager scope, MicroBatch batch, DataType type) {
    int targets = batch.targets();
    double[] average = new double[batch.samples() * targets];
    for (int t = 0; t < targets; t++) {
      int sample = batch.sampleOfTarget()[t];
      average[sample * targets + t] = 1.0 / batch.targetCount()[sample];
    }
    return new BatchInputs(
        List.of(
            scope.create(batch.ids(), new Shape(batch.rows(), batch.columns())),
            scope.create(widen(batch.targetPositions()), new Shape(targets)),
            scope.create(batch.labels(), new Shape(targets)),
            number(scope, average, new Shape(batch.samples(), targets), type),
            batch.packed() ? PackedRows.of(scope, batch) : PackedRows.none(scope)));
  }

  /** An array of the compute type from float64 numbers. */
  static NDArray number(NDManager scope, double[] values, Shape shape, DataType type) {
    if (type == DataType.FLOAT64) {
      return scope.create(values, shape);
    }
    float[] narrow = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      narrow[i] = (float) values[i];
    }
    return scope.create(narrow, shape);
  }

  static long[] widen(int[] values) {
    long[] wide = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
