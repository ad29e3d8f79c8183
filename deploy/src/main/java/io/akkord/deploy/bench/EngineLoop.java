package io.akkord.deploy.bench;

import io.akkord.model.data.MicroBatch;
import io.akkord.model.engine.Engine;
import io.akkord.model.engine.EngineOptions;
import io.akkord.model.engine.FlatBuffer;
import io.akkord.model.engine.HeldForward;
import io.akkord.model.engine.SampleScore;
import io.akkord.model.engine.SliceOptimizer;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Moments;
import io.akkord.model.objective.Objective;
import io.akkord.model.optim.AdamW;
import io.akkord.model.tree.ReductionTree;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The engine without actors: forward, backward, AdamW in one thread. What the whole product is
 * compared with.
 */
final class EngineLoop implements AutoCloseable {
  private final Engine engine;
  private final SliceOptimizer optimizer;
  private final FlatBuffer gradient;
  private final Slice slice;
  private final Objective objective = Objective.cadft();
  private final List<MicroBatch> batches;
  private long updates;

  EngineLoop(int threads, int microBatches, int rows, int length) {
    this(threads, microBatches, rows, length, false);
  }

  EngineLoop(int threads, int microBatches, int rows, int length, boolean checkpointing) {
    EngineOptions options =
        new EngineOptions(
            "cpu",
            "float32",
            threads,
            LossType.DFT,
            length,
            checkpointing,
            java.util.Optional.empty());
    engine = Engine.open(BenchModel.config(), options);
    slice = engine.layout().slices(1).get(0);
    optimizer =
        SliceOptimizer.open(engine.layout(), slice, new AdamW(0.9, 0.999, 1e-8, 0.01), "float32");
    gradient = engine.newGradient();
    randomize();
    batches = new ArrayList<>();
    for (int i = 0; i < microBatches; i++) {
      batches.add(BenchModel.batch(rows, length, i));
    }
  }

  private ByteBuffer window(FlatBuffer flat) {
    return flat.window(0, Math.toIntExact(slice.elements()));
  }

  private void randomize() {
    ByteBuffer weights = window(optimizer.weights());
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < slice.elements(); i++) {
      boolean gain = i >= engine.layout().decayEnd();
      weights.putFloat(i * 4, gain ? 1f : BenchModel.weight(random));
    }
    publish();
  }

  private void publish() {
    window(engine.parameters()).put(window(optimizer.weights()));
  }

  /** One optimiser step of DFT: every micro-batch goes backward at once. */
  void dftStep() {
    for (int i = 0; i < batches.size(); i++) {
      HeldForward held = engine.forward(batches.get(i));
      backward(held, held.scores().samples(), null, i == 0);
    }
    update();
  }

  /**
   * One optimiser step of exact CADFT: all scores first, then all backwards.
   *
   * @param holding micro-batches whose forward is held; the others are scored and computed again
   */
  void cadftStep(int holding) {
    List<HeldForward> held = new ArrayList<>();
    List<List<SampleScore>> scores = new ArrayList<>();
    for (MicroBatch batch : batches) {
      if (held.size() < holding) {
        HeldForward forward = engine.forward(batch);
        held.add(forward);
        scores.add(forward.scores().samples());
      } else {
        scores.add(engine.score(batch).samples());
      }
    }
    Moments moments =
        Moments.of(scores.stream().flatMap(List::stream).mapToDouble(SampleScore::nll).toArray());
    for (int i = 0; i < batches.size(); i++) {
      HeldForward forward = i < holding ? held.get(i) : engine.forward(batches.get(i));
      backward(forward, scores.get(i), moments, i == 0);
    }
    update();
  }

  private void backward(
      HeldForward held, List<SampleScore> scores, Moments moments, boolean first) {
    double[] factors = new double[scores.size()];
    for (int i = 0; i < factors.length; i++) {
      double weight =
          moments == null
              ? 1
              : objective.weight(moments.z(scores.get(i).nll(), objective.epsilon()));
      factors[i] = weight / (batches.size() * factors.length);
    }
    engine.backward(held, factors, gradient, first);
  }

  private void update() {
    optimizer.sum(1, Map.of(ReductionTree.root(1), window(gradient)));
    double squares = 0;
    for (double block : optimizer.sumsOfSquares()) {
      squares += block;
    }
    double norm = Math.sqrt(squares);
    optimizer.apply(Math.min(1, 1 / (norm + 1e-6)), 1e-4, ++updates);
    publish();
  }

  @Override
  public void close() {
    optimizer.close();
    engine.close();
  }
}
