package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.Reference;
import io.akkord.model.UserError;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Objective;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineTest {
  private static final String NAME = "llama_gqa_untied";

  private static List<TokenizedSample> samples() {
    return Reference.samples(Reference.json(NAME + "/reference.json").get("samples"));
  }

  @Test
  void theSelfTestPassesOnThisMachine() {
    OnDeviceThread.run(
        () -> {
          SelfTest.run("cpu", 1);
          return null;
        });
  }

  @Test
  void aSecondThreadCountGivesTheSameNumbersToRounding() {
    double[] one = OnDeviceThread.run(() -> SelfTest.compute("cpu", 1, "float64"));
    double[] two = OnDeviceThread.run(() -> SelfTest.compute("cpu", 2, "float64"));
    for (int i = 0; i < one.length; i++) {
      assertThat(two[i]).isCloseTo(one[i], org.assertj.core.api.Assertions.within(1e-12));
    }
  }

  @Test
  void heldInterleavedAndDelayedBackwardGiveTheSameBits() {
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(NAME, "float32", LossType.DFT);
              FlatBuffer held = model.engine.newGradient();
              FlatBuffer immediate = model.engine.newGradient()) {
            List<HeldForward> forwards = new ArrayList<>();
            for (TokenizedSample sample : samples()) {
              forwards.add(model.engine.forward(MicroBatch.of(List.of(sample), 0)));
            }
            for (int i = 0; i < forwards.size(); i++) {
              model.engine.backward(forwards.get(i), new double[] {0.3}, held, i == 0);
            }
            for (int i = 0; i < samples().size(); i++) {
              MicroBatch batch = MicroBatch.of(List.of(samples().get(i)), 0);
              model.engine.score(batch);
              model.engine.backward(
                  model.engine.forward(batch), new double[] {0.3}, immediate, i == 0);
            }
            int n = (int) held.elements();
            assertThat(held.window(0, n)).isEqualTo(immediate.window(0, n));
            return null;
          }
        });
  }

  @Test
  void scoringAndTrainingForwardGiveTheSameScores() {
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(NAME, "float32", LossType.DFT);
              HeldForward held = model.engine.forward(Reference.batch(samples()))) {
            List<SampleScore> scored = model.engine.score(Reference.batch(samples())).samples();
            for (int i = 0; i < scored.size(); i++) {
              assertThat(held.scores().samples().get(i).nll()).isEqualTo(scored.get(i).nll());
              assertThat(held.scores().samples().get(i).dft()).isEqualTo(scored.get(i).dft());
            }
            return null;
          }
        });
  }

  @Test
  void bfloat16GradientsPointWhereFloat32OnesDo() {
    var objective = Objective.cadft();
    OnDeviceThread.run(
        () -> {
          try (Model exact = Model.open(NAME, "float32", LossType.DFT);
              Model rough = Model.open(NAME, "bfloat16", LossType.DFT)) {
            var a = exact.gradient(samples(), samples().size(), objective);
            var b = rough.gradient(samples(), samples().size(), objective);
            double dot = 0;
            double aa = 0;
            double bb = 0;
            for (var entry : a.entrySet()) {
              double[] x = entry.getValue();
              double[] y = b.get(entry.getKey());
              for (int i = 0; i < x.length; i++) {
                dot += x[i] * y[i];
                aa += x[i] * x[i];
                bb += y[i] * y[i];
              }
            }
            double cosine = dot / Math.sqrt(aa * bb);
            assertThat(cosine).isBetween(0.99, 0.99999999);
            return null;
          }
        });
  }

  @Test
  void aDeviceThatIsNotThereIsAClearError() {
    assertThatThrownBy(
            () ->
                OnDeviceThread.run(
                    () ->
                        Engine.open(
                            io.akkord.model.hf.ModelConfig.read(Reference.path(NAME + "/model")),
                            new EngineOptions("tpu", "float32", 1, LossType.DFT, 8))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("'tpu'")
        .hasMessageContaining("cpu and cuda:N");
  }

  @Test
  void generationBeyondThePositionsOfTheEngineIsRefused() {
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(NAME, "float32", LossType.DFT)) {
            GenerateOptions options = new GenerateOptions(0, 1, 64, List.of());
            assertThatThrownBy(
                    () -> model.engine.generate(List.of(new int[] {1}), options, new double[1][64]))
                .hasMessageContaining("exceed the engine's 64 positions");
            return null;
          }
        });
  }
}
