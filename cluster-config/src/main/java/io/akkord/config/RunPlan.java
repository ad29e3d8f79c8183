package io.akkord.config;

import io.akkord.model.optim.LrSchedule;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * The arithmetic of a run: which samples a step takes, how they are cut, and what is due between
 * steps. A pure function of recipe and number of samples, so that everybody who needs it can work
 * it out alone.
 *
 * <p>Steps are 0-based; "after t steps" means that t steps are committed.
 */
public final class RunPlan {
  private final Recipe recipe;
  private final int samples;
  private final int evalSamples;
  private final long totalSteps;
  private final int logicalShards;
  private final Optional<CyclePlan> cycles;

  private RunPlan(Recipe recipe, int samples, int evalSamples) {
    this.recipe = recipe;
    this.samples = samples;
    this.evalSamples = evalSamples;
    this.totalSteps = recipe.maxSteps().orElse(stepsPerEpoch() * recipe.numTrainEpochs());
    int microBatches = ceilDiv(recipe.globalBatchSize(), recipe.microBatchSize());
    this.logicalShards = Math.min(recipe.logicalShards(), microBatches);
    this.cycles = recipe.rewrite().map(rewrite -> CyclePlan.of(rewrite, totalSteps));
  }

  /**
   * The plan of a run over {@code samples} samples.
   *
   * @param samples at least 1
   * @param evalSamples held-out samples; 0 without an evaluation file
   */
  public static RunPlan of(Recipe recipe, int samples, int evalSamples) {
    if (samples < 1 || evalSamples < 0) {
      throw new IllegalArgumentException(samples + " samples, " + evalSamples + " held out");
    }
    return new RunPlan(recipe, samples, evalSamples);
  }

  public Recipe recipe() {
    return recipe;
  }

  /** Samples of the training data. */
  public int samples() {
    return samples;
  }

  /** Held-out samples; 0: there is no evaluation. */
  public int evalSamples() {
    return evalSamples;
  }

  /** Steps of the whole run. */
  public long totalSteps() {
    return totalSteps;
  }

  /** Steps in which every sample is visited once; the last may be smaller than the others. */
  public long stepsPerEpoch() {
    return ceilDiv(samples, recipe.globalBatchSize());
  }

  /** Steps over which the learning rate rises, as transformers rounds: up. */
  public long lrWarmupSteps() {
    return recipe
        .warmupSteps()
        .orElseGet(() -> (long) Math.ceil(totalSteps * recipe.warmupRatio().orElse(0.0)));
  }

  /** The learning rate by step. */
  public LrSchedule lrSchedule() {
    return new LrSchedule(
        recipe.lrSchedulerType(), recipe.learningRate(), lrWarmupSteps(), totalSteps);
  }

  /** The samples of one step: a batch never crosses the border of an epoch. */
  public StepBatch batch(long step) {
    if (step < 0 || step >= totalSteps) {
      throw new IllegalArgumentException("step %d of %d".formatted(step, totalSteps));
    }
    long epoch = step / stepsPerEpoch();
    int from = positionIn(step);
    return new StepBatch(
        step, epoch, from, (int) Math.min(samples, (long) from + recipe.globalBatchSize()));
  }

  /** Micro-batches of one step. */
  public int microBatches(long step) {
    return ceilDiv(batch(step).size(), recipe.microBatchSize());
  }

  /** Positions of one micro-batch in the order of the step's epoch; the last may be smaller. */
  public Range microBatch(long step, int index) {
    StepBatch batch = batch(step);
    int from = batch.fromPosition() + index * recipe.microBatchSize();
    if (index < 0 || from >= batch.toPosition()) {
      throw new IllegalArgumentException("micro-batch %d of step %d".formatted(index, step));
    }
    return new Range(from, Math.min(batch.toPosition(), from + recipe.microBatchSize()));
  }

  /** Logical shards in every step of the run: never more than a full batch has micro-batches. */
  public int logicalShards() {
    return logicalShards;
  }

  /** Micro-batches of one logical shard in one step; may be empty in a short last batch. */
  public Range shard(long step, int shard) {
    if (shard < 0 || shard >= logicalShards) {
      throw new IllegalArgumentException("shard %d of %d".formatted(shard, logicalShards));
    }
    long all = microBatches(step);
    return new Range(
        (int) (shard * all / logicalShards), (int) ((shard + 1) * all / logicalShards));
  }

  /** When rewrite cycles run; empty if rewriting is off. */
  public Optional<CyclePlan> cycles() {
    return cycles;
  }

  /** After how many committed steps each cycle runs; none runs after the last step. */
  public List<Long> cycleSteps() {
    return cycles.map(CyclePlan::steps).orElse(List.of());
  }

  /** What each cycle can still achieve, in their order. */
  public List<CycleOutlook> outlooks() {
    return LongStream.rangeClosed(1, cycles.map(CyclePlan::count).orElse(0L))
        .mapToObj(cycle -> CycleOutlook.of(this, (int) cycle))
        .toList();
  }

  /** Sample visits in the first {@code committedSteps} steps. */
  public long visitsBefore(long committedSteps) {
    return committedSteps / stepsPerEpoch() * samples + positionIn(committedSteps);
  }

  /** Sample visits still to come after {@code committedSteps} steps. */
  public long visitsLeft(long committedSteps) {
    return visitsBefore(totalSteps) - visitsBefore(committedSteps);
  }

  /** What is due after {@code committedSteps} steps, 0 (before the first) included. */
  public Boundary after(long committedSteps) {
    if (committedSteps < 0 || committedSteps > totalSteps) {
      throw new IllegalArgumentException("%d of %d steps".formatted(committedSteps, totalSteps));
    }
    boolean end = committedSteps == totalSteps;
    boolean checkpoint = end || isDue(recipe.saveSteps(), committedSteps);
    // A checkpoint can be the best one only if it was measured.
    boolean measured = checkpoint && recipe.metricForBest().isPresent();
    boolean eval =
        committedSteps == 0 || end || measured || isDue(recipe.evalSteps(), committedSteps);
    OptionalInt cycle = cycles.map(c -> c.cycleAfter(committedSteps)).orElse(OptionalInt.empty());
    return new Boundary(cycle, eval && evalSamples > 0, checkpoint, end);
  }

  private boolean isDue(Optional<StepsOrShare> period, long committedSteps) {
    return committedSteps > 0
        && period.filter(p -> committedSteps % p.in(totalSteps) == 0).isPresent();
  }

  private int positionIn(long step) {
    return (int) (step % stepsPerEpoch() * recipe.globalBatchSize());
  }

  private static int ceilDiv(int a, int b) {
    return (int) (((long) a + b - 1) / b);
  }
}
