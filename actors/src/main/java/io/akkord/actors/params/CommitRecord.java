package io.akkord.actors.params;

import io.akkord.actors.CborMessage;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.model.objective.Moments;
import io.akkord.proto.LedgerEvent.StepCommitted;
import java.util.Arrays;
import java.util.List;

/**
 * What the ledger and the metrics are told of a step; rides on {@link ParameterShard.Apply} so that
 * it lives wherever the weights it led to live. About 3 KB for a batch of 256.
 *
 * @param step 0-based
 * @param samples data-set indices in batch order
 * @param costs c of each sample, nats per token
 * @param mean μ of the step
 * @param std σ of the step
 * @param skipped the step moved no weight
 * @param next statistics that a step after this one may use instead of its own; null if there are
 *     none
 * @param table the rewrites in force; null if nobody has said
 * @param report the line of the metrics
 */
@SuppressWarnings("ArrayRecordComponent") // dense numbers; nobody compares records
public record CommitRecord(
    long step,
    int[] samples,
    float[] costs,
    double mean,
    double std,
    boolean skipped,
    Moments next,
    TableStamp table,
    StepReport report)
    implements CborMessage {

  /**
   * A step that is decided.
   *
   * @param scores of all shards in their order
   * @param done the step's report
   */
  static CommitRecord of(
      List<ShardScore> scores, StepReport done, boolean skipped, Moments next, TableStamp table) {
    double[] costs = StepWeights.costs(scores);
    float[] narrow = new float[costs.length];
    for (int i = 0; i < costs.length; i++) {
      narrow[i] = (float) costs[i];
    }
    return new CommitRecord(
        done.step(),
        scores.stream().flatMapToInt(s -> Arrays.stream(s.samples())).toArray(),
        narrow,
        done.mu(),
        done.sigma(),
        skipped,
        next,
        table,
        done);
  }

  /** The journal's event of this step. */
  public StepCommitted event() {
    StepCommitted.Builder event =
        StepCommitted.newBuilder().setStep(step).setMean(mean).setStd(std).setSkipped(skipped);
    for (int i = 0; i < samples.length; i++) {
      event.addSamples(samples[i]).addCosts(costs[i]);
    }
    return event.build();
  }
}
