package io.akkord.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.akkord.model.data.MicroBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The {@code packing} argument of the program: where the tokens of samples that share rows stand,
 * and in which groups their attention is computed.
 */
final class PackedRows {
  /** Shorter samples are not worth a group of their own. */
  private static final int SHORTEST = 16;

  private PackedRows() {}

  /** The program's sign for rows of one sample each. */
  static List<NDArray> none(NDManager scope) {
    return List.of(scope.create(new long[0]));
  }

  /** Positions, places and groups; see {@code decoder.py}. */
  static List<NDArray> of(NDManager scope, MicroBatch batch) {
    long[] positions = new long[batch.ids().length];
    long[] places = new long[batch.ids().length];
    List<NDArray> groups = new ArrayList<>();
    long first = 0;
    for (List<Integer> group : groups(batch).values()) {
      int columns = group.stream().mapToInt(s -> batch.lengths()[s]).max().orElseThrow();
      long[] tokens = new long[group.size() * columns];
      for (int row = 0; row < group.size(); row++) {
        int start = batch.starts()[group.get(row)];
        for (int t = 0; t < columns; t++) {
          boolean own = t < batch.lengths()[group.get(row)];
          // A place beyond the end holds any token: nothing reads what comes of it.
          tokens[row * columns + t] = own ? start + t : start;
          if (own) {
            positions[start + t] = t;
            places[start + t] = first + (long) row * columns + t;
          }
        }
      }
      groups.add(scope.create(tokens, new Shape(group.size(), columns)));
      first += tokens.length;
    }
    Shape shape = new Shape(batch.rows(), batch.columns());
    List<NDArray> all =
        new ArrayList<>(List.of(scope.create(positions, shape), scope.create(places, shape)));
    all.addAll(groups);
    return all;
  }

  /** Samples by the power of two that their length does not exceed: at most half is padding. */
  private static Map<Integer, List<Integer>> groups(MicroBatch batch) {
    Map<Integer, List<Integer>> groups = new TreeMap<>();
    for (int sample = 0; sample < batch.samples(); sample++) {
      int size = SHORTEST;
      while (size < batch.lengths()[sample]) {
        size *= 2;
      }
      groups.computeIfAbsent(size, s -> new ArrayList<>()).add(sample);
    }
    return groups;
  }
}
