package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.SafetensorsFile;
import io.akkord.model.layout.ParameterLayout.Parameter;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Objective;
import io.akkord.model.optim.AdamW;
import io.akkord.model.optim.LrSchedule;
import io.akkord.model.tree.ReductionTree;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Twelve optimiser steps, six with adapters, against torch.optim.AdamW, with clipping, schedule and
 * decay as Hugging Face's Trainer does them.
 */
class TrainingReferenceTest {

  @ParameterizedTest
  @CsvSource({
    "llama_gqa_untied,float32",
    "llama_gqa_untied,float64",
    "qwen2_tied,float32",
    "qwen2_tied,float64",
    "lora_qwen2,float32",
    "lora_qwen2,float64"
  })
  void theStepsReproduceRatesLossesNormsAndFinalWeights(String name, String dtype) {
    JsonNode train = Reference.json(name + "/train.json");
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(name, dtype, LossType.DFT)) {
            new Run(model, train, dtype).check(name);
            return null;
          }
        });
  }

  /** One training run with its reference. */
  private static final class Run {
    private final Model model;
    private final JsonNode train;
    private final JsonNode hyper;
    private final boolean exact;
    private final Slice all;
    private final SliceOptimizer optimizer;
    private final LrSchedule schedule;

    Run(Model model, JsonNode train, String dtype) {
      this.model = model;
      this.train = train;
      this.hyper = train.get("hyper");
      this.exact = dtype.equals("float64");
      this.all = model.engine.layout().slices(1).get(0);
      AdamW adamW =
          new AdamW(
              hyper.get("betas").get(0).asDouble(),
              hyper.get("betas").get(1).asDouble(),
              hyper.get("eps").asDouble(),
              hyper.get("weight_decay").asDouble());
      this.optimizer = SliceOptimizer.open(model.engine.layout(), all, adamW, dtype);
      this.schedule =
          new LrSchedule(
              LrSchedule.Kind.COSINE,
              hyper.get("peak_lr").asDouble(),
              hyper.get("warmup").asLong(),
              hyper.get("steps").asLong());
      window(optimizer.weights()).put(window(model.engine.parameters()));
    }

    private ByteBuffer window(FlatBuffer flat) {
      return flat.window(0, (int) all.elements());
    }

    void check(String name) {
      List<TokenizedSample> pool = Reference.samples(train.get("pool"));
      for (int step = 0; step < train.get("batches").size(); step++) {
        List<TokenizedSample> batch = new ArrayList<>();
        for (int index : Reference.ints(train.get("batches").get(step))) {
          batch.add(pool.get(index));
        }
        step(step, batch, train.get("steps_fp64").get(step));
      }
      checkFinal(SafetensorsFile.open(Reference.path(name + "/train.safetensors")));
      optimizer.close();
    }

    private void step(int step, List<TokenizedSample> batch, JsonNode expected) {
      Objective objective = Objective.cadft();
      try (FlatBuffer gradient = model.engine.newGradient()) {
        HeldForward held = model.engine.forward(MicroBatch.of(batch, 0));
        List<SampleScore> scores = held.scores().samples();
        double[] costs = scores.stream().mapToDouble(SampleScore::nll).toArray();
        double[] weights = Model.weights(objective, costs);
        double[] factors = new double[weights.length];
        double loss = 0;
        for (int i = 0; i < factors.length; i++) {
          factors[i] = objective.gradientFactor(weights[i], 1, factors.length, 1);
          loss += factors[i] * scores.get(i).dft();
        }
        model.engine.backward(held, factors, gradient, true);
        optimizer.sum(1, Map.of(ReductionTree.root(1), window(gradient)));
        double squares = 0;
        for (double block : optimizer.sumsOfSquares()) {
          squares += block;
        }
        double norm = Math.sqrt(squares);
        double clip = Math.min(1, hyper.get("max_grad_norm").asDouble() / (norm + 1e-6));
        double rate = schedule.at(step);
        optimizer.apply(clip, rate, step + 1);
        window(model.engine.parameters()).put(window(optimizer.weights()));

        assertThat(rate).isCloseTo(expected.get("lr").asDouble(), within(1e-15));
        assertThat(loss).isCloseTo(expected.get("loss").asDouble(), within(exact ? 1e-9 : 1e-5));
        assertThat(costs)
            .containsExactly(Reference.doubles(expected.get("c")), within(exact ? 1e-8 : 1e-3));
        assertThat(weights)
            .containsExactly(Reference.doubles(expected.get("w")), within(exact ? 1e-8 : 1e-4));
        double expectedNorm = expected.get("grad_norm").asDouble();
        assertThat(norm).isCloseTo(expectedNorm, within(expectedNorm * (exact ? 1e-7 : 5e-4)));
      }
    }

    private void checkFinal(SafetensorsFile tensors) {
      Map<String, double[]> weights = model.byParameter(model.engine.parameters());
      Map<String, double[]> m = model.byParameter(optimizer.firstMoment());
      Map<String, double[]> v = model.byParameter(optimizer.secondMoment());
      for (Parameter p : model.engine.layout().parameters()) {
        boolean norm = p.name().contains("norm");
        // A bias added to every key has a gradient of nearly zero, which Adam turns into steps of
        // rounding noise.
        boolean adapter = p.name().contains(".lora_");
        double loose = adapter ? 1e-5 : norm ? 2e-5 : 2e-3;
        assertClose(weights, tensors, "final.fp64.", p.name(), exact ? 2e-7 : loose);
        assertClose(m, tensors, "m.", p.name(), exact ? 1e-7 : 1e-5);
        assertClose(v, tensors, "v.", p.name(), exact ? 1e-9 : 1e-8);
      }
    }

    private static void assertClose(
        Map<String, double[]> got,
        SafetensorsFile tensors,
        String prefix,
        String name,
        double tolerance) {
      float[] expected = Reference.tensor(tensors, prefix + name);
      for (int i = 0; i < expected.length; i++) {
        assertThat(got.get(name)[i])
            .as("%s%s[%d]", prefix, name, i)
            .isCloseTo(expected[i], within(tolerance));
      }
    }
  }
}
