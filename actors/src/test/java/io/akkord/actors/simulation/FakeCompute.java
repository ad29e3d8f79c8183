package io.akkord.actors.simulation;

import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.params.ShardScore;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.worker.Compute;
import io.akkord.config.Range;
import io.akkord.model.data.SampleOrder;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.objective.Moments;
import io.akkord.model.tree.ReductionTree;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * A device whose results are hashes of everything they may depend on: weights, samples, rewrites in
 * force, statistics of the batch; and of nothing else.
 */
final class FakeCompute implements Compute {
  /** What goes wrong with the next computation, once. */
  enum Trouble {
    NONE,
    NOT_FINITE,
    NOT_FINITE_GRADIENT,
    OUT_OF_MEMORY
  }

  private record Group(long step, List<Integer> shards) {}

  private final RunFacts facts;
  private final SimDevice device;
  private final SampleOrder order;
  private final long badStep;
  private final Map<Long, Group> held = new HashMap<>();
  private double[] weights;
  private Map<Integer, RewrittenSample> table = Map.of();
  private Trouble trouble = Trouble.NONE;
  private int lent;

  /**
   * On a device.
   *
   * @param badStep whose scores are no numbers, whoever computes them; negative: none
   */
  FakeCompute(RunFacts facts, SimDevice device, long badStep) {
    this.facts = facts;
    this.device = device;
    this.badStep = badStep;
    var recipe = facts.plan().recipe();
    this.order = new SampleOrder(recipe.seed(), recipe.shuffle(), facts.plan().samples());
  }

  void trouble(Trouble next) {
    trouble = next;
  }

  /** Gradient buffers that somebody may still read. */
  int lent() {
    return lent;
  }

  @Override
  public CompletionStage<String> open() {
    return device.submit(() -> "canary");
  }

  @Override
  public String machine() {
    return "simulated";
  }

  @Override
  public CompletionStage<Void> install(List<ByteBuffer> slices) {
    return device.submit(
        () -> {
          ByteBuffer all =
              ByteBuffer.allocate(slices.stream().mapToInt(ByteBuffer::remaining).sum());
          all.order(ByteOrder.LITTLE_ENDIAN);
          slices.forEach(slice -> all.put(slice.duplicate()));
          weights = FakeSlices.numbers(all.flip());
          return null;
        });
  }

  @Override
  public CompletionStage<Void> useTable(List<RewrittenSample> samples) {
    return device.submit(
        () -> {
          table = new HashMap<>();
          samples.forEach(sample -> table.put(sample.sample(), sample));
          return null;
        });
  }

  @Override
  public CompletionStage<Scores> forward(long step, long assignment, List<Integer> shards) {
    return device.submit(
        () -> {
          if (trouble == Trouble.OUT_OF_MEMORY) {
            throw new IllegalStateException("out of memory");
          }
          held.values().removeIf(group -> group.step() != step);
          held.put(assignment, new Group(step, List.copyOf(shards)));
          List<ShardScore> scores = shards.stream().map(shard -> score(step, shard)).toList();
          trouble = trouble == Trouble.NOT_FINITE ? Trouble.NONE : trouble;
          return new Scores(scores, 1, 1, 0, 0);
        });
  }

  private ShardScore score(long step, int shard) {
    int[] rows = rows(step, shard);
    int[] samples = samples(step, shard);
    double[] costs = new double[samples.length];
    double[] dft = new double[samples.length];
    double[] meanP = new double[samples.length];
    int[] tokens = new int[samples.length];
    for (int i = 0; i < samples.length; i++) {
      long sample = sampleHash(samples[i]);
      costs[i] = Chain.number(Chain.of(Chain.of(weights), sample, 1));
      dft[i] = Chain.number(Chain.of(Chain.of(weights), sample, 2));
      meanP[i] = Chain.number(Chain.of(Chain.of(weights), sample, 3)) - 1;
      tokens[i] = 1 + samples[i] % 5;
    }
    if ((trouble == Trouble.NOT_FINITE || step == badStep) && costs.length > 0) {
      costs[0] = Double.NaN;
    }
    return new ShardScore(shard, samples, costs, dft, meanP, tokens, rows, 0, 0);
  }

  private int[] rows(long step, int shard) {
    Range micro = facts.plan().shard(step, shard);
    int[] rows = new int[micro.to() - micro.from()];
    for (int i = 0; i < rows.length; i++) {
      Range positions = facts.plan().microBatch(step, micro.from() + i);
      rows[i] = positions.to() - positions.from();
    }
    return rows;
  }

  private int[] samples(long step, int shard) {
    Range micro = facts.plan().shard(step, shard);
    List<Integer> samples = new ArrayList<>();
    long epoch = facts.plan().batch(step).epoch();
    for (int m = micro.from(); m < micro.to(); m++) {
      Range positions = facts.plan().microBatch(step, m);
      for (int position = positions.from(); position < positions.to(); position++) {
        samples.add(order.at(epoch, position));
      }
    }
    return samples.stream().mapToInt(Integer::intValue).toArray();
  }

  private long sampleHash(int sample) {
    RewrittenSample rewritten = table.get(sample);
    long hash = Chain.of(sample, rewritten == null ? 0 : rewritten.revision());
    if (rewritten != null) {
      for (int id : rewritten.completionIds()) {
        hash = Chain.of(hash, id);
      }
    }
    return hash;
  }

  @Override
  public CompletionStage<List<PartialSum>> backward(
      long step, long assignment, Moments moments, int batchSize, long batchTokens) {
    return device.submit(
        () -> {
          Group group = held.remove(assignment);
          if (group == null || group.step() != step) {
            throw new IllegalStateException("no forward is held of assignment " + assignment);
          }
          long common =
              Chain.of(
                  Chain.of(weights),
                  Chain.bits(moments.mean()),
                  Chain.bits(moments.std()),
                  moments.count(),
                  batchSize,
                  batchTokens);
          boolean poisoned = trouble == Trouble.NOT_FINITE_GRADIENT;
          trouble = poisoned ? Trouble.NONE : trouble;
          List<PartialSum> sums = new ArrayList<>();
          int shards = facts.plan().logicalShards();
          for (Node node : ReductionTree.maximalSubtrees(shards, new HashSet<>(group.shards()))) {
            double[] sum = gradient(node, step, common);
            if (poisoned) {
              sum[0] = Double.NaN;
            }
            sums.add(partial(node, sum));
          }
          return sums;
        });
  }

  private double[] gradient(Node node, long step, long common) {
    if (!node.isLeaf()) {
      return FakeSlices.add(
          gradient(node.left(), step, common), gradient(node.right(), step, common));
    }
    long hash = common;
    for (int sample : samples(step, node.lo())) {
      hash = Chain.of(hash, sampleHash(sample));
    }
    double[] leaf = new double[weights.length];
    for (int i = 0; i < leaf.length; i++) {
      leaf[i] = Chain.number(Chain.of(hash, i));
    }
    return leaf;
  }

  private PartialSum partial(Node node, double[] sum) {
    ByteBuffer all = FakeSlices.bytes(sum);
    List<ByteBuffer> slices = new ArrayList<>();
    for (Slice slice : facts.slices()) {
      slices.add(
          all.slice(
              Math.toIntExact(slice.from() * Double.BYTES),
              Math.toIntExact(slice.elements() * Double.BYTES)));
    }
    lent++;
    boolean[] released = {false};
    return new PartialSum(
        node,
        slices,
        () -> {
          Broken.unless(!released[0], "a gradient buffer was released twice");
          released[0] = true;
          lent--;
        });
  }

  @Override
  public CompletionStage<EvalScore> evaluate(int group) {
    return device.submit(
        () -> {
          double nll = Chain.number(Chain.of(Chain.of(weights), group));
          return new EvalScore(group, Map.of("", new EvalSums(2, nll, nll - 1, 1)));
        });
  }

  @Override
  public CompletionStage<List<RewriteOutcome>> rewrite(RewriteGroup group, long policyVersion) {
    return device.submit(
        () ->
            group.tasks().stream()
                .map(
                    task -> {
                      long hash =
                          Chain.of(
                              Chain.of(weights), sampleHash(task.sample()), task.nextRevision());
                      return new RewriteOutcome(
                          task.sample(),
                          task.nextRevision(),
                          hash % 3 != 0,
                          "simulated",
                          new int[] {(int) (hash & 0xff), 2},
                          "",
                          1,
                          Chain.number(hash),
                          policyVersion);
                    })
                .toList());
  }

  @Override
  public CompletionStage<Void> close() {
    return device.submit(() -> null);
  }
}
