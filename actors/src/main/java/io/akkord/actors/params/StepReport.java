package io.akkord.actors.params;

import io.akkord.actors.CborMessage;
import java.util.Arrays;
import java.util.List;

/**
 * What one committed step was like; a line of {@code metrics.jsonl}.
 *
 * @param step 0-based
 * @param loss the objective
 * @param nll plain negative log-likelihood, reduced as the loss is, nats per token
 * @param meanP mean token probability
 * @param entropy of the predicted distributions, nats
 * @param meanW mean weight
 * @param ess effective share (Σw)²/(n Σw²)
 * @param shareBelowHalf share of samples with w below 0.5
 * @param gradNorm before clipping
 * @param clipped whether clipping acted
 * @param lr learning rate
 * @param mu mean of the scores
 * @param sigma their population standard deviation
 * @param tokens target tokens
 * @param samples of the batch
 * @param seconds since the step before
 * @param skipped why the step moved no weight; null if it did
 */
public record StepReport(
    long step,
    long epoch,
    double loss,
    double nll,
    double meanP,
    double entropy,
    double meanW,
    double ess,
    double shareBelowHalf,
    double gradNorm,
    boolean clipped,
    double lr,
    double mu,
    double sigma,
    long tokens,
    int samples,
    double seconds,
    String skipped)
    implements CborMessage {

  static StepReport scored(
      long step,
      long epoch,
      double loss,
      double nll,
      double meanP,
      double entropy,
      double meanW,
      double ess,
      double shareBelowHalf,
      double mu,
      double sigma,
      long tokens,
      int samples) {
    return new StepReport(
        step,
        epoch,
        loss,
        nll,
        meanP,
        entropy,
        meanW,
        ess,
        shareBelowHalf,
        0,
        false,
        0,
        mu,
        sigma,
        tokens,
        samples,
        0,
        null);
  }

  /** A step whose scores are not finite has no statistics. */
  static StepReport unscored(long step, long epoch, List<ShardScore> scores) {
    return scored(
        step,
        epoch,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        scores.stream().flatMapToInt(s -> Arrays.stream(s.tokens())).sum(),
        scores.stream().mapToInt(s -> s.costs().length).sum());
  }

  /** The same step, committed. */
  StepReport committed(double norm, boolean clip, double rate, double took, String skip) {
    return new StepReport(
        step,
        epoch,
        loss,
        nll,
        meanP,
        entropy,
        meanW,
        ess,
        shareBelowHalf,
        norm,
        clip,
        rate,
        mu,
        sigma,
        tokens,
        samples,
        took,
        skip);
  }
}
