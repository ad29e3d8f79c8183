package io.akkord.actors.dashboard;

import io.akkord.actors.params.StepReport;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Every curve of a run in a fixed amount of memory: buckets of steps with least, greatest and mean
 * value. When they run out, every two become one that is twice as wide.
 */
public final class Curves {
  /** Buckets of one curve; even. */
  public static final int CAPACITY = 2_000;

  private static final Map<String, ToDoubleFunction<StepReport>> READERS = readers();

  /** The curves, in the order they are shown. */
  public static final List<String> NAMES = List.copyOf(READERS.keySet());

  /**
   * Buckets of some curves.
   *
   * @param width steps of one bucket
   * @param steps first step of each
   * @param tokens target tokens until its end
   * @param seconds of training until its end
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Slice(
      long width, long[] steps, double[] tokens, double[] seconds, Map<String, Values> values) {}

  /** NaN where no step of the bucket had a finite value. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Values(double[] mean, double[] min, double[] max) {}

  private static final class Series {
    final double[] min = new double[CAPACITY];
    final double[] max = new double[CAPACITY];
    final double[] sum = new double[CAPACITY];
    final int[] count = new int[CAPACITY];

    void clear(int at) {
      min[at] = Double.POSITIVE_INFINITY;
      max[at] = Double.NEGATIVE_INFINITY;
      sum[at] = 0;
      count[at] = 0;
    }

    void add(int at, double value) {
      if (Double.isFinite(value)) {
        min[at] = Math.min(min[at], value);
        max[at] = Math.max(max[at], value);
        sum[at] += value;
        count[at]++;
      }
    }

    /** Bucket {@code from} becomes, or joins, bucket {@code to}. */
    void move(int from, int to, boolean join) {
      if (!join && from == to) {
        return;
      }
      min[to] = join ? Math.min(min[to], min[from]) : min[from];
      max[to] = join ? Math.max(max[to], max[from]) : max[from];
      sum[to] = join ? sum[to] + sum[from] : sum[from];
      count[to] = join ? count[to] + count[from] : count[from];
    }

    void shrink(int at, double share) {
      if (count[at] > 0) {
        int left = (int) Math.max(1, Math.round(share * count[at]));
        sum[at] = sum[at] / count[at] * left;
        count[at] = left;
      }
    }

    Values slice(int from, int to) {
      double[] mean = new double[to - from];
      for (int i = from; i < to; i++) {
        mean[i - from] = count[i] == 0 ? Double.NaN : sum[i] / count[i];
      }
      return new Values(mean, finite(min, from, to), finite(max, from, to));
    }

    private static double[] finite(double[] values, int from, int to) {
      return Arrays.stream(values, from, to)
          .map(v -> Double.isInfinite(v) ? Double.NaN : v)
          .toArray();
    }
  }

  private final Map<String, Series> series = new LinkedHashMap<>();
  private final long[] steps = new long[CAPACITY];
  private final Totals[] ends = new Totals[CAPACITY];
  private long width = 1;
  private int size;

  /** No steps yet. */
  public Curves() {
    NAMES.forEach(name -> series.put(name, new Series()));
  }

  private static Map<String, ToDoubleFunction<StepReport>> readers() {
    Map<String, ToDoubleFunction<StepReport>> readers = new LinkedHashMap<>();
    readers.put("loss", StepReport::loss);
    readers.put("nll", StepReport::nll);
    readers.put("mean_p", StepReport::meanP);
    readers.put("entropy", StepReport::entropy);
    readers.put("mu", StepReport::mu);
    readers.put("sigma", StepReport::sigma);
    readers.put("mean_w", StepReport::meanW);
    readers.put("ess", StepReport::ess);
    readers.put("share_w_below_half", StepReport::shareBelowHalf);
    readers.put("grad_norm", StepReport::gradNorm);
    readers.put("clip_rate", r -> r.clipped() ? 1 : 0);
    readers.put("lr", StepReport::lr);
    readers.put("tokens_per_second", r -> r.seconds() > 0 ? r.tokens() / r.seconds() : Double.NaN);
    readers.put("step_seconds", StepReport::seconds);
    return readers;
  }

  /**
   * Adds a step; steps come in rising order.
   *
   * @param totals with this step
   */
  void add(StepReport report, Totals totals) {
    if (size == 0 || bucketOf(report.step()) != steps[size - 1]) {
      while (size == CAPACITY) {
        halve();
      }
      if (size == 0 || bucketOf(report.step()) != steps[size - 1]) {
        steps[size] = bucketOf(report.step());
        for (Series one : series.values()) {
          one.clear(size);
        }
        size++;
      }
    }
    int at = size - 1;
    ends[at] = totals;
    READERS.forEach((name, reader) -> series.get(name).add(at, reader.applyAsDouble(report)));
  }

  /** First step of the bucket that a step is in. */
  long bucketOf(long step) {
    return step - step % width;
  }

  private void halve() {
    width *= 2;
    int to = -1;
    for (int from = 0; from < size; from++) {
      long bucket = bucketOf(steps[from]);
      boolean join = to >= 0 && steps[to] == bucket;
      if (!join) {
        to++;
      }
      steps[to] = bucket;
      ends[to] = ends[from];
      int target = to;
      int source = from;
      series.values().forEach(one -> one.move(source, target, join));
    }
    size = to + 1;
  }

  /** Takes every bucket out that begins at {@code step} or later. */
  void cut(long step) {
    while (size > 0 && steps[size - 1] >= step) {
      size--;
    }
    if (size == 0) {
      width = 1;
    }
  }

  /**
   * Takes {@code step} and all after it out where the bucket it is in cannot be made again: of that
   * one a share of the steps stays, with the mean it had.
   */
  void shorten(long step) {
    cut(step);
    if (size == 0 || steps[size - 1] + width <= step) {
      return;
    }
    int at = size - 1;
    double share = (step - steps[at]) / (double) width;
    ends[at] = (at == 0 ? Totals.NONE : ends[at - 1]).towards(ends[at], share);
    series.values().forEach(one -> one.shrink(at, share));
  }

  /** Sums until the last step. */
  Totals totals() {
    return size == 0 ? Totals.NONE : ends[size - 1];
  }

  /** Steps of one bucket. */
  public long width() {
    return width;
  }

  /** Buckets in use. */
  public int size() {
    return size;
  }

  /**
   * A copy of some curves.
   *
   * @param names of {@link #NAMES}; others are left out
   * @param since buckets that end before this step are left out
   */
  public Slice slice(List<String> names, long since) {
    int from = 0;
    while (from < size && steps[from] + width <= since) {
      from++;
    }
    Map<String, Values> values = new LinkedHashMap<>();
    for (String name : names) {
      if (series.containsKey(name)) {
        values.put(name, series.get(name).slice(from, size));
      }
    }
    return new Slice(
        width,
        Arrays.copyOfRange(steps, from, size),
        Arrays.stream(ends, from, size).mapToDouble(Totals::tokens).toArray(),
        Arrays.stream(ends, from, size).mapToDouble(Totals::seconds).toArray(),
        values);
  }
}
