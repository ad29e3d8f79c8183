package io.akkord.actors.worker;

import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.config.Range;
import io.akkord.config.RunPlan;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.RowPacker;
import io.akkord.model.data.SampleOrder;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizedSample;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Micro-batches as a pure function of step, data and rewrite table: no token ids ever travel. */
final class WorkerSamples {
  private final RunPlan plan;
  private final TokenFile tokens;
  private final SampleOrder order;
  private final int padId;
  private final Map<Integer, int[]> rewritten = new HashMap<>();

  WorkerSamples(RunPlan plan, TokenFile tokens, int padId) {
    this.plan = plan;
    this.tokens = tokens;
    this.padId = padId;
    this.order = new SampleOrder(plan.recipe().seed(), plan.recipe().shuffle(), tokens.size());
  }

  void use(List<RewrittenSample> table) {
    rewritten.clear();
    table.forEach(sample -> rewritten.put(sample.sample(), sample.completionIds()));
  }

  /** The completion in force. */
  TokenizedSample sample(int index) {
    TokenizedSample sample = tokens.sample(index);
    int[] completion = rewritten.get(index);
    return completion == null ? sample : new TokenizedSample(index, sample.promptIds(), completion);
  }

  int[] promptIds(int index) {
    return tokens.sample(index).promptIds();
  }

  MicroBatch batch(List<TokenizedSample> samples) {
    return MicroBatch.of(samples, padId);
  }

  /** The micro-batches of one logical shard of a step, in order. */
  List<MicroBatch> shard(long step, int shard) {
    long epoch = plan.batch(step).epoch();
    Range range = plan.shard(step, shard);
    List<List<TokenizedSample>> parts = new ArrayList<>();
    for (int i = range.from(); i < range.to(); i++) {
      Range positions = plan.microBatch(step, i);
      List<TokenizedSample> samples = new ArrayList<>();
      for (int at = positions.from(); at < positions.to(); at++) {
        samples.add(sample(order.at(epoch, at)));
      }
      parts.add(samples);
    }
    return plan.recipe().packing()
        ? packed(parts.stream().flatMap(List::stream).toList())
        : parts.stream().map(this::batch).toList();
  }

  /** Packs are formed from the samples of the shard alone, never from who computes it. */
  private List<MicroBatch> packed(List<TokenizedSample> samples) {
    List<List<TokenizedSample>> rows = RowPacker.rows(samples, plan.recipe().maxLength());
    int size = plan.recipe().microBatchSize();
    List<MicroBatch> batches = new ArrayList<>();
    for (int from = 0; from < rows.size(); from += size) {
      int to = Math.min(rows.size(), from + size);
      batches.add(MicroBatch.packed(rows.subList(from, to), padId));
    }
    return batches;
  }
}
