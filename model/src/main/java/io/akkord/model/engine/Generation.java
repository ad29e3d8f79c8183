package io.akkord.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Lays prompts and uniform numbers out for the decoder's generation loop and cuts its result. */
final class Generation {
  private Generation() {}

  static List<int[]> run(
      NDManager manager,
      ScriptModule program,
      List<int[]> prompts,
      GenerateOptions options,
      double[][] uniforms,
      NDArray cos,
      NDArray sin,
      List<NDArray> leaves) {
    int rows = prompts.size();
    int longest = prompts.stream().mapToInt(p -> p.length).max().orElseThrow();
    long[] ids = new long[rows * longest];
    long[] lengths = new long[rows];
    for (int b = 0; b < rows; b++) {
      int[] prompt = prompts.get(b);
      lengths[b] = prompt.length;
      for (int t = 0; t < prompt.length; t++) {
        ids[b * longest + t] = prompt[t];
      }
    }
    try (NDManager scope = manager.newSubManager()) {
      NDArray tokens =
          program
              .call(
                  scope,
                  "generate",
                  scope.create(ids, new Shape(rows, longest)),
                  scope.create(lengths),
                  scope.create(
                      flatten(uniforms, options.maxNewTokens()),
                      new Shape(rows, options.maxNewTokens())),
                  scope.create(options.temperature()),
                  scope.create(options.topP()),
                  scope.create(options.eosTokenIds().stream().mapToLong(i -> i).toArray()),
                  cos,
                  sin,
                  leaves)
              .singletonOrThrow();
      return completions(tokens.toLongArray(), longest + options.maxNewTokens(), lengths);
    }
  }

  private static double[] flatten(double[][] uniforms, int columns) {
    double[] flat = new double[uniforms.length * columns];
    for (int b = 0; b < uniforms.length; b++) {
      System.arraycopy(uniforms[b], 0, flat, b * columns, columns);
    }
    return flat;
  }

  /**
   * A row's completion runs from the end of its prompt to the first place that was never written
   * (−1).
   */
  private static List<int[]> completions(long[] tokens, int columns, long[] lengths) {
    List<int[]> completions = new ArrayList<>();
    for (int b = 0; b < lengths.length; b++) {
      int[] row = new int[columns - (int) lengths[b]];
      int length = 0;
      for (int t = (int) lengths[b]; t < columns && tokens[b * columns + t] >= 0; t++) {
        row[length++] = (int) tokens[b * columns + t];
      }
      completions.add(Arrays.copyOf(row, length));
    }
    return completions;
  }
}
