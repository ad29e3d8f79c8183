package io.akkord.model.engine;

import io.akkord.model.Reference;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Parameter;
import io.akkord.model.objective.LossReduction;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Moments;
import io.akkord.model.objective.Objective;
import io.akkord.model.objective.SampleWeight;
import io.akkord.model.objective.StatsScope;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A small reference model on the engine, with whole-batch helpers for tests. */
final class Model implements AutoCloseable {
  final ModelConfig config;
  final Engine engine;

  private Model(ModelConfig config, Engine engine) {
    this.config = config;
    this.engine = engine;
  }

  static Model open(String reference, String dtype, LossType lossType) {
    return open(reference, dtype, lossType, false);
  }

  static Model open(String reference, String dtype, LossType lossType, boolean checkpointing) {
    Path path = Reference.path(reference);
    Optional<AdapterFolder> adapter =
        AdapterFolder.isAdapter(path.resolve("adapter"))
            ? Optional.of(AdapterFolder.open(path.resolve("adapter")))
            : Optional.empty();
    HfFolder folder = HfFolder.open(adapter.map(AdapterFolder::base).orElse(path.resolve("model")));
    EngineOptions options =
        new EngineOptions(
            "cpu", dtype, 1, lossType, 64, checkpointing, adapter.map(AdapterFolder::lora));
    Engine engine = Engine.open(folder.config(), options);
    engine.load(folder);
    adapter.ifPresent(engine::load);
    return new Model(folder.config(), engine);
  }

  static Objective objective(LossType lossType, SampleWeight weight) {
    return new Objective(
        lossType, weight, 1, 1e-6, LossReduction.SAMPLE_MEAN, StatsScope.GLOBAL_BATCH);
  }

  /** Weights and loss of a batch from its scores. */
  static double[] weights(Objective objective, double[] costs) {
    Moments moments = Moments.of(costs);
    double[] weights = new double[costs.length];
    for (int i = 0; i < costs.length; i++) {
      weights[i] = objective.weight(moments.z(costs[i], objective.epsilon()));
    }
    return weights;
  }

  /** The gradient of the whole batch, cut into micro-batches of the given size, by parameter. */
  Map<String, double[]> gradient(
      List<TokenizedSample> samples, int microBatch, Objective objective) {
    try (FlatBuffer gradient = engine.newGradient()) {
      List<HeldForward> held = new ArrayList<>();
      List<Double> costs = new ArrayList<>();
      for (int from = 0; from < samples.size(); from += microBatch) {
        int to = Math.min(samples.size(), from + microBatch);
        HeldForward forward = engine.forward(MicroBatch.of(samples.subList(from, to), 0));
        held.add(forward);
        forward.scores().samples().forEach(s -> costs.add(s.nll()));
      }
      double[] weights =
          weights(objective, costs.stream().mapToDouble(Double::doubleValue).toArray());
      int at = 0;
      for (int i = 0; i < held.size(); i++) {
        double[] factors = new double[held.get(i).scores().samples().size()];
        for (int row = 0; row < factors.length; row++) {
          factors[row] = objective.gradientFactor(weights[at++], 1, samples.size(), 1);
        }
        engine.backward(held.get(i), factors, gradient, i == 0);
      }
      return byParameter(gradient);
    }
  }

  /** Values of a flat buffer by parameter name. */
  Map<String, double[]> byParameter(FlatBuffer flat) {
    return byParameter(engine.layout(), flat);
  }

  static Map<String, double[]> byParameter(ParameterLayout layout, FlatBuffer flat) {
    Map<String, double[]> values = new LinkedHashMap<>();
    for (Parameter p : layout.parameters()) {
      ByteBuffer window = flat.window(p.offset(), (int) p.elements());
      double[] array = new double[(int) p.elements()];
      for (int i = 0; i < array.length; i++) {
        array[i] = flat.elementBytes() == 8 ? window.getDouble(i * 8) : window.getFloat(i * 4);
      }
      values.put(p.name(), array);
    }
    return values;
  }

  @Override
  public void close() {
    engine.close();
  }
}
