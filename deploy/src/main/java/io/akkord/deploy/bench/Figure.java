package io.akkord.deploy.bench;

import java.util.Arrays;

/**
 * One measured figure; a claim is always the ratio to a named baseline of the same run.
 *
 * @param value median over the runs
 * @param baseline median of the baseline; NaN if there is none
 * @param ratio median of the ratios pair by pair; NaN without a baseline
 */
public record Figure(
    String name,
    double value,
    String unit,
    double baseline,
    String baselineName,
    double ratio,
    int runs) {

  /** A figure without a baseline. */
  static Figure alone(String name, double[] values, String unit) {
    return new Figure(name, median(values), unit, Double.NaN, null, Double.NaN, values.length);
  }

  /** Two series measured in turn. */
  static Figure paired(
      String name, double[] values, String unit, double[] baseline, String baselineName) {
    double[] ratios = new double[values.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = values[i] / baseline[i];
    }
    return new Figure(
        name, median(values), unit, median(baseline), baselineName, median(ratios), values.length);
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
