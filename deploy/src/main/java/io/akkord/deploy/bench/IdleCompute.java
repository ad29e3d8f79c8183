package io.akkord.deploy.bench;

import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.params.ShardScore;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.worker.Compute;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.objective.Moments;
import io.akkord.model.tree.ReductionTree;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A device that answers at once: scores made up from sample and step, gradients of zeros. */
final class IdleCompute implements Compute {
  private final RunFacts facts;
  private final List<ByteBuffer> zeros = new ArrayList<>();
  private final Map<Long, List<Integer>> scored = new HashMap<>();

  IdleCompute(RunFacts facts) {
    this.facts = facts;
    for (Slice slice : facts.slices()) {
      zeros.add(ByteBuffer.allocateDirect(Math.toIntExact(slice.elements() * Float.BYTES)));
    }
  }

  @Override
  public CompletionStage<String> open() {
    return done("idle");
  }

  @Override
  public CompletionStage<Void> install(List<ByteBuffer> slices) {
    return done(null);
  }

  @Override
  public CompletionStage<Void> useTable(List<RewrittenSample> table) {
    return done(null);
  }

  @Override
  public CompletionStage<Scores> forward(long step, long assignment, List<Integer> shards) {
    scored.clear();
    scored.put(assignment, shards);
    List<ShardScore> scores = shards.stream().map(shard -> score(step, shard)).toList();
    return done(new Scores(scores, shards.size(), shards.size(), 0, 0));
  }

  /** One sample a shard, another one every step. */
  private ShardScore score(long step, int shard) {
    int shards = facts.plan().logicalShards();
    int sample = (int) ((step * shards + shard) % facts.plan().samples());
    double cost = 1 + (sample * 31 + step) % 17 / 17.0;
    return new ShardScore(
        shard,
        new int[] {sample},
        new double[] {cost},
        new double[] {-cost * Math.exp(-cost)},
        new double[] {Math.exp(-cost)},
        new int[] {1},
        new int[] {1},
        0,
        0);
  }

  @Override
  public CompletionStage<List<PartialSum>> backward(
      long step, long assignment, Moments moments, int batchSize, long batchTokens) {
    List<PartialSum> sums = new ArrayList<>();
    Set<Integer> shards = Set.copyOf(scored.getOrDefault(assignment, List.of()));
    ReductionTree.maximalSubtrees(facts.plan().logicalShards(), shards)
        .forEach(node -> sums.add(new PartialSum(node, zeros, () -> {})));
    return done(sums);
  }

  @Override
  public CompletionStage<EvalScore> evaluate(int group) {
    return CompletableFuture.failedFuture(new IllegalStateException("nothing is held out"));
  }

  @Override
  public CompletionStage<List<RewriteOutcome>> rewrite(RewriteGroup group, long policyVersion) {
    return CompletableFuture.failedFuture(new IllegalStateException("nothing is rewritten"));
  }

  @Override
  public CompletionStage<Void> close() {
    return done(null);
  }

  private static <T> CompletionStage<T> done(T result) {
    return CompletableFuture.completedFuture(result);
  }
}
