package io.akkord.actors.worker;

import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.params.ShardScore;
import io.akkord.model.engine.NativeLibrary;
import io.akkord.model.objective.Moments;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** What a worker's device does; every call runs on its device thread, in the order of the calls. */
public interface Compute {

  /**
   * A partial sum of gradients.
   *
   * @param slices bytes of each parameter slice, little endian
   * @param release gives the memory back
   */
  record PartialSum(Node node, List<ByteBuffer> slices, Runnable release) {}

  /**
   * Scores of some shards, their forwards kept where memory allows.
   *
   * @param held micro-batches kept
   * @param microBatches all of them
   * @param dataSeconds building the micro-batches
   * @param forwardSeconds scoring them
   */
  record Scores(
      List<ShardScore> shards,
      int held,
      int microBatches,
      double dataSeconds,
      double forwardSeconds) {}

  /**
   * Loads the program and runs self-test and canary; the first call.
   *
   * @return hash of the canary: processes with equal ones give equal bits
   */
  CompletionStage<String> open();

  /** What the canary depends on, for people. */
  default String machine() {
    return "%s, libtorch %s".formatted(NativeLibrary.instructionSet(), NativeLibrary.version());
  }

  /** Copies the slices of one version into the parameters. */
  CompletionStage<Void> install(List<ByteBuffer> slices);

  /** The rewritten samples in force from the next step on. */
  CompletionStage<Void> useTable(List<RewrittenSample> table);

  /** Scores shards of a step; drops what an earlier call of another step has kept. */
  CompletionStage<Scores> forward(long step, long assignment, List<Integer> shards);

  /** Gradients of those shards, summed inside the maximal subtrees they cover. */
  CompletionStage<List<PartialSum>> backward(
      long step, long assignment, Moments moments, int batchSize, long batchTokens);

  /** Scores one group of held-out samples. */
  CompletionStage<EvalScore> evaluate(int group);

  /** Rewrites one group with the parameters as they are. */
  CompletionStage<List<RewriteOutcome>> rewrite(RewriteGroup group, long policyVersion);

  /** Frees everything, after all calls so far. */
  CompletionStage<Void> close();

  /**
   * Sums over the samples of an evaluation group, by origin.
   *
   * @param byOrigin origin to sums; origin is empty where rows do not say
   */
  record EvalScore(int group, Map<String, EvalSums> byOrigin)
      implements io.akkord.actors.CborMessage {}

  /** Sums over samples. */
  record EvalSums(int samples, double nll, double meanP, double top1)
      implements io.akkord.actors.CborMessage {
    /** Both together. */
    public EvalSums plus(EvalSums other) {
      return new EvalSums(
          samples + other.samples, nll + other.nll, meanP + other.meanP, top1 + other.top1);
    }
  }
}
