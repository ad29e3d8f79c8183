package io.akkord.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.akkord.model.program.Programs;
import java.util.List;

/** Arithmetic on flat buffers through the optimiser program. Calls happen on the device thread. */
final class FlatMath implements AutoCloseable {
  private final ScriptModule program;

  FlatMath(NDManager parent) {
    this.program = ScriptModule.load(parent, "Optimizer", Programs.optimizer());
  }

  NDArray window(NDManager scope, NDArray flat, long from, long length) {
    return program
        .call(scope, "window", flat, scope.create(from), scope.create(length))
        .singletonOrThrow();
  }

  /** target += source. */
  void add(NDManager parent, NDArray target, NDArray source) {
    try (NDManager scope = parent.newSubManager()) {
      program.call(scope, "add", target, source);
    }
  }

  /** target = left + right. */
  void sum(NDManager parent, NDArray target, NDArray left, NDArray right) {
    try (NDManager scope = parent.newSubManager()) {
      program.call(scope, "sum", target, left, right);
    }
  }

  /** target = 0, whatever stood there. */
  void clear(NDManager parent, NDArray target) {
    try (NDManager scope = parent.newSubManager()) {
      program.call(scope, "clear", target);
    }
  }

  /** Zeros in bfloat16. */
  NDArray wire(NDManager parent, long elements) {
    return program.call(parent, "wire", parent.create(elements)).singletonOrThrow();
  }

  /** target = source, in the type of the target. */
  void convert(NDManager parent, NDArray target, NDArray source) {
    try (NDManager scope = parent.newSubManager()) {
      program.call(scope, "convert", target, source);
    }
  }

  /** Every number of it to the nearest bfloat16. */
  void rounded(NDManager parent, NDArray target) {
    try (NDManager scope = parent.newSubManager()) {
      program.call(scope, "rounded", target);
    }
  }

  /** target = factor · source. */
  void scaled(NDManager parent, NDArray target, NDArray source, double factor) {
    try (NDManager scope = parent.newSubManager()) {
      program.call(scope, "scaled", target, source, scope.create(factor));
    }
  }

  /** Sum of squares of every block of 2^16 elements, float64. */
  double[] sumsOfSquares(NDManager parent, NDArray flat) {
    try (NDManager scope = parent.newSubManager()) {
      return program.call(scope, "sums_of_squares", flat).singletonOrThrow().toDoubleArray();
    }
  }

  /** One AdamW update of parallel lists of tensors; see the program for {@code hyper}. */
  void adamw(
      NDManager parent,
      double[] hyper,
      List<NDArray> p,
      List<NDArray> g,
      List<NDArray> m,
      List<NDArray> v,
      long step) {
    try (NDManager scope = parent.newSubManager()) {
      List<NDArray> steps = p.stream().map(x -> scope.create((float) step)).toList();
      program.call(scope, "adamw", scope.create(hyper), p, g, m, v, steps);
    }
  }

  @Override
  public void close() {
    program.close();
  }
}
