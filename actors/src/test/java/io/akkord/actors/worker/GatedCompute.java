package io.akkord.actors.worker;

import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.params.ShardScore;
import io.akkord.model.objective.Moments;
import io.akkord.model.tree.ReductionTree;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * A device that notes what it is asked for. Calls behind a gate do their work when the test lets
 * them, as a device thread does some time after it was asked.
 */
public final class GatedCompute implements Compute {
  private static final int SHARDS = 4;

  private record Waiting(String name, CompletableFuture<?> result, Runnable work) {}

  private final Set<String> gates = new HashSet<>();
  private final List<Waiting> waiting = new ArrayList<>();
  private final List<String> calls = new ArrayList<>();
  private final Map<Long, List<Integer>> held = new ConcurrentHashMap<>();
  private int lent;

  /** From now on calls of this name wait. */
  public synchronized void gate(String name) {
    gates.add(name);
  }

  /** Does the work of the oldest call of this name that waits. */
  public void let(String name) {
    take(name).work().run();
  }

  /** Fails the oldest call of this name that waits. */
  public void fail(String name, String why) {
    take(name).result().completeExceptionally(new IllegalStateException(why));
  }

  private synchronized Waiting take(String name) {
    Waiting next =
        waiting.stream()
            .filter(call -> call.name().equals(name))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no " + name + " waits; calls: " + calls));
    waiting.remove(next);
    return next;
  }

  /** Calls that wait behind a gate. */
  public synchronized int waiting() {
    return waiting.size();
  }

  /** What it was asked for since the last time, without the opening. */
  public synchronized List<String> calls() {
    List<String> all = List.copyOf(calls);
    calls.clear();
    return all;
  }

  /** Gradients that were not given back. */
  synchronized int lent() {
    return lent;
  }

  private <T> CompletionStage<T> call(String name, Supplier<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Runnable run =
        () -> {
          try {
            result.complete(work.get());
          } catch (RuntimeException e) {
            result.completeExceptionally(e);
          }
        };
    if (isGated(name, result, run)) {
      return result;
    }
    run.run();
    return result;
  }

  private synchronized boolean isGated(String name, CompletableFuture<?> result, Runnable run) {
    return gates.contains(name) && waiting.add(new Waiting(name, result, run));
  }

  private synchronized void note(String call, Object... arguments) {
    calls.add(call.formatted(arguments));
  }

  @Override
  public CompletionStage<String> open() {
    return call("open", () -> "canary");
  }

  @Override
  public String machine() {
    return "none";
  }

  /** Notes what is in the slices when they are read. */
  @Override
  public CompletionStage<Void> install(List<ByteBuffer> slices) {
    return call(
        "install",
        () -> {
          List<Float> numbers = new ArrayList<>();
          for (ByteBuffer slice : slices) {
            ByteBuffer in = slice.duplicate().order(ByteOrder.LITTLE_ENDIAN);
            while (in.hasRemaining()) {
              numbers.add(in.getFloat());
            }
          }
          note("install %s", numbers);
          return null;
        });
  }

  @Override
  public CompletionStage<Void> useTable(List<RewrittenSample> table) {
    return call(
        "table",
        () -> {
          note("table of %d", table.size());
          return null;
        });
  }

  @Override
  public CompletionStage<Scores> forward(long step, long assignment, List<Integer> shards) {
    note("forward %d under %d: %s", step, assignment, shards);
    return call(
        "forward",
        () -> {
          held.put(assignment, shards);
          return new Scores(shards.stream().map(GatedCompute::score).toList(), 1, 1, 0, 0);
        });
  }

  private static ShardScore score(int shard) {
    double[] one = {1};
    return new ShardScore(
        shard, new int[] {shard}, one, one, one, new int[] {1}, new int[] {1}, 0, 0);
  }

  @Override
  public CompletionStage<List<PartialSum>> backward(
      long step, long assignment, Moments moments, int batchSize, long batchTokens) {
    note("backward %d under %d, mean %s", step, assignment, moments.mean());
    return call("backward", () -> sums(held.remove(assignment)));
  }

  private List<PartialSum> sums(List<Integer> shards) {
    List<PartialSum> sums = new ArrayList<>();
    for (Node node : ReductionTree.maximalSubtrees(SHARDS, new HashSet<>(shards))) {
      lend(1);
      sums.add(new PartialSum(node, List.of(floats(1), floats(2)), () -> lend(-1)));
    }
    return sums;
  }

  private synchronized void lend(int number) {
    lent += number;
  }

  /** A slice of two numbers. */
  static ByteBuffer floats(float both) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(8).order(ByteOrder.LITTLE_ENDIAN);
    return bytes.putFloat(0, both).putFloat(4, both);
  }

  @Override
  public CompletionStage<EvalScore> evaluate(int group) {
    note("evaluate %d", group);
    return call(
        "evaluate", () -> new EvalScore(group, Map.of("", new EvalSums(1, group, group, group))));
  }

  @Override
  public CompletionStage<List<RewriteOutcome>> rewrite(RewriteGroup group, long policyVersion) {
    note("rewrite %d with %d", group.group(), policyVersion);
    return call("rewrite", List::of);
  }

  @Override
  public CompletionStage<Void> close() {
    note("close");
    return CompletableFuture.completedFuture(null);
  }
}
