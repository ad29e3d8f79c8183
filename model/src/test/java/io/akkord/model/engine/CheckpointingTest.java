package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.SafetensorsFile;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Objective;
import io.akkord.model.program.Programs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Activation checkpointing changes memory and time, never a number. */
class CheckpointingTest {
  private static final String NAME = "llama_gqa_untied";

  private static List<TokenizedSample> samples(String name) {
    return Reference.samples(Reference.json(name + "/reference.json").get("samples"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama_gqa_untied",
        "llama3_rope_tied",
        "qwen2_tied",
        "qwen2_bf16",
        "qwen3_untied",
        "mistral",
        "lora_qwen2"
      })
  void scoresAndGradientsAreThoseOfThePlainPath(String name) {
    OnDeviceThread.run(
        () -> {
          try (Model plain = Model.open(name, "float64", LossType.DFT);
              Model checkpointed = Model.open(name, "float64", LossType.DFT, true)) {
            assertThat(checkpointed.engine.targetLogProbs(Reference.batch(samples(name))))
                .containsExactly(
                    plain.engine.targetLogProbs(Reference.batch(samples(name))), within(1e-12));
            for (int microBatch : new int[] {1, 3, 7}) {
              assertSame(
                  checkpointed.gradient(samples(name), microBatch, Objective.cadft()),
                  plain.gradient(samples(name), microBatch, Objective.cadft()));
            }
            return null;
          }
        });
  }

  private static void assertSame(Map<String, double[]> got, Map<String, double[]> expected) {
    assertThat(got.keySet()).isEqualTo(expected.keySet());
    got.forEach(
        (parameter, values) ->
            assertThat(values)
                .as(parameter)
                .containsExactly(expected.get(parameter), within(1e-12)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama_gqa_untied", "qwen2_tied", "qwen3_untied", "lora_qwen2"})
  void float32GradientsAgreeWithHuggingFace(String name) {
    JsonNode reference = Reference.json(name + "/reference.json");
    SafetensorsFile tensors = SafetensorsFile.open(Reference.path(name + "/tensors.safetensors"));
    double norm = reference.get("grad_norm").get("cadft").asDouble();
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(name, "float32", LossType.DFT, true)) {
            Map<String, double[]> gradient = model.gradient(samples(name), 7, Objective.cadft());
            double squares = 0;
            for (Map.Entry<String, double[]> entry : gradient.entrySet()) {
              float[] expected = Reference.tensor(tensors, "grad.cadft." + entry.getKey());
              for (int i = 0; i < expected.length; i++) {
                double got = entry.getValue()[i];
                assertThat(got).isCloseTo(expected[i], within(5e-6 * Math.max(1, norm)));
                squares += got * got;
              }
            }
            assertThat(Math.sqrt(squares)).isCloseTo(norm, within(1e-4 * norm));
            return null;
          }
        });
  }

  @Test
  void moreTargetsThanAChunkOfTheHeadHoldsGiveTheSameNumbers() {
    List<TokenizedSample> many = new ArrayList<>();
    int targets = 0;
    for (int i = 0; targets <= 2 * Programs.HEAD_CHUNK; i++) {
      TokenizedSample sample = samples(NAME).get(i % 7);
      many.add(sample);
      targets += sample.completionIds().length;
    }
    OnDeviceThread.run(
        () -> {
          try (Model plain = Model.open(NAME, "float64", LossType.NLL);
              Model checkpointed = Model.open(NAME, "float64", LossType.NLL, true)) {
            BatchScores expected = plain.engine.score(MicroBatch.of(many, 0));
            BatchScores got = checkpointed.engine.score(MicroBatch.of(many, 0));
            for (int i = 0; i < many.size(); i++) {
              SampleScore e = expected.samples().get(i);
              SampleScore g = got.samples().get(i);
              assertThat(g.nll()).isCloseTo(e.nll(), within(1e-12));
              assertThat(g.dft()).isCloseTo(e.dft(), within(1e-12));
              assertThat(g.top1()).isCloseTo(e.top1(), within(1e-12));
            }
            assertThat(got.entropyCount()).isEqualTo(expected.entropyCount());
            assertThat(got.entropySum()).isCloseTo(expected.entropySum(), within(1e-9));
            assertSame(
                checkpointed.gradient(many, many.size(), Objective.cadft()),
                plain.gradient(many, many.size(), Objective.cadft()));
            return null;
          }
        });
  }

  @Test
  void heldDelayedAndRepeatedForwardsGiveTheSameBits() {
    List<TokenizedSample> samples = samples(NAME);
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(NAME, "float32", LossType.DFT, true);
              FlatBuffer delayed = model.engine.newGradient();
              FlatBuffer immediate = model.engine.newGradient()) {
            List<HeldForward> held = new ArrayList<>();
            for (TokenizedSample sample : samples) {
              held.add(model.engine.forward(MicroBatch.of(List.of(sample), 0)));
            }
            for (int i = 0; i < samples.size(); i++) {
              model.engine.backward(held.get(i), new double[] {0.3}, delayed, i == 0);
            }
            for (int i = 0; i < samples.size(); i++) {
              MicroBatch batch = MicroBatch.of(List.of(samples.get(i)), 0);
              double scored = model.engine.score(batch).samples().get(0).nll();
              HeldForward forward = model.engine.forward(batch);
              assertThat(forward.scores().samples().get(0).nll()).isEqualTo(scored);
              model.engine.backward(forward, new double[] {0.3}, immediate, i == 0);
            }
            int n = (int) delayed.elements();
            assertThat(delayed.window(0, n)).isEqualTo(immediate.window(0, n));
            return null;
          }
        });
  }

  @Test
  void aHeldForwardIsCountedWithItsBordersAlone() {
    MicroBatch batch = Reference.batch(samples(NAME));
    OnDeviceThread.run(
        () -> {
          try (Model plain = Model.open(NAME, "float32", LossType.DFT);
              Model checkpointed = Model.open(NAME, "float32", LossType.DFT, true);
              HeldForward held = checkpointed.engine.forward(batch)) {
            List<?> borders = (List<?>) held.kept().get(held.kept().size() - 1);
            assertThat(borders).hasSize(plain.config.layers());
            long tokens = (long) batch.rows() * batch.columns();
            long bytes = plain.config.layers() * tokens * plain.config.hiddenSize() * Float.BYTES;
            assertThat(checkpointed.engine.heldBytes(batch))
                .isBetween(bytes, plain.engine.heldBytes(batch) / 5);
            assertThat(Arrays.asList(held.scores().samples().size())).containsExactly(7);
            return null;
          }
        });
  }
}
