package io.akkord.actors.params;

import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Moments;
import io.akkord.model.objective.Objective;
import io.akkord.model.objective.StatsScope;
import java.util.Arrays;
import java.util.List;

/**
 * Weights of a step's samples, from its scores alone: the worker and the barrier compute the same
 * numbers (arXiv 2606.11206 §3).
 */
public final class StepWeights {
  private StepWeights() {}

  /** All costs in the order of the shards. */
  public static double[] costs(List<ShardScore> scores) {
    return scores.stream().flatMapToDouble(s -> Arrays.stream(s.costs())).toArray();
  }

  /**
   * The statistics every worker uses.
   *
   * @param previous of the step before, or null at the first
   */
  public static Moments moments(Objective objective, List<ShardScore> scores, Moments previous) {
    boolean useOld = objective.scope() == StatsScope.PREVIOUS_STEP && previous != null;
    return useOld ? previous : Moments.of(costs(scores));
  }

  /** Weights of one shard's samples. */
  public static double[] of(Objective objective, ShardScore score, Moments moments) {
    double[] weights = new double[score.costs().length];
    int at = 0;
    for (int rows : score.microBatchRows()) {
      Moments used =
          objective.scope() == StatsScope.MICRO_BATCH
              ? Moments.of(Arrays.copyOfRange(score.costs(), at, at + rows))
              : moments;
      for (int row = 0; row < rows; row++, at++) {
        weights[at] = objective.weight(used.z(score.costs()[at], objective.epsilon()));
      }
    }
    return weights;
  }

  /** What is reported of a step before its gradient is known. */
  static StepReport report(
      Objective objective, long step, long epoch, List<ShardScore> scores, Moments moments) {
    int batch = scores.stream().mapToInt(s -> s.costs().length).sum();
    long tokens = scores.stream().flatMapToInt(s -> Arrays.stream(s.tokens())).sum();
    double loss = 0;
    double nll = 0;
    double meanP = 0;
    double sum = 0;
    double squares = 0;
    int low = 0;
    for (ShardScore score : scores) {
      double[] weights = of(objective, score, moments);
      for (int i = 0; i < weights.length; i++) {
        int y = score.tokens()[i];
        double plain = objective.gradientFactor(1, y, batch, tokens);
        double own = objective.lossType() == LossType.DFT ? score.dft()[i] : score.costs()[i];
        loss += objective.gradientFactor(weights[i], y, batch, tokens) * own;
        nll += plain * score.costs()[i];
        meanP += plain * score.meanP()[i];
        sum += weights[i];
        squares += weights[i] * weights[i];
        low += weights[i] < 0.5 ? 1 : 0;
      }
    }
    double entropy = scores.stream().mapToDouble(ShardScore::entropySum).sum();
    int entropies = scores.stream().mapToInt(ShardScore::entropyCount).sum();
    return StepReport.scored(
        step,
        epoch,
        loss,
        nll,
        meanP,
        entropies == 0 ? 0 : entropy / entropies,
        sum / batch,
        sum * sum / (batch * squares),
        (double) low / batch,
        moments.mean(),
        moments.std(),
        tokens,
        batch);
  }
}
