package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.SafetensorsFile;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Moments;
import io.akkord.model.objective.SampleWeight;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every architecture against Hugging Face's numbers, in float32 and float64. */
class ArchitectureReferenceTest {
  @ParameterizedTest
  @CsvSource({
    "llama_gqa_untied,float64",
    "llama3_rope_tied,float64",
    "qwen2_tied,float64",
    "qwen2_bf16,float64",
    "qwen3_untied,float64",
    "mistral,float64",
    "llama_sharded,float64",
    "lora_qwen2,float64",
    "llama_gqa_untied,float32",
    "llama3_rope_tied,float32",
    "qwen2_tied,float32",
    "qwen2_bf16,float32",
    "qwen3_untied,float32",
    "mistral,float32",
    "llama_sharded,float32",
    "lora_qwen2,float32"
  })
  void logProbsAndScoresOfEverySampleAgree(String name, String dtype) {
    JsonNode reference = Reference.json(name + "/reference.json");
    List<TokenizedSample> samples = Reference.samples(reference.get("samples"));
    boolean exact = dtype.equals("float64");
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(name, dtype, LossType.DFT)) {
            double[] got = model.engine.targetLogProbs(Reference.batch(samples));
            BatchScores scores = model.engine.score(Reference.batch(samples));
            int at = 0;
            for (int i = 0; i < samples.size(); i++) {
              JsonNode sample = reference.get("samples").get(i);
              double[] expected = Reference.doubles(sample.get("token_logprobs"));
              assertThat(Arrays.copyOfRange(got, at, at + expected.length))
                  .containsExactly(expected, within(exact ? 1e-11 : 1e-4));
              at += expected.length;
              SampleScore score = scores.samples().get(i);
              assertThat(score.nll())
                  .isCloseTo(sample.get("nll").asDouble(), within(exact ? 1e-12 : 3e-5));
              assertThat(score.dft())
                  .isCloseTo(sample.get("dft").asDouble(), within(exact ? 1e-12 : 3e-6));
            }
            assertThat(at).isEqualTo(got.length);
            return null;
          }
        });
  }

  @ParameterizedTest
  @CsvSource({
    "llama_gqa_untied,float64",
    "llama3_rope_tied,float64",
    "qwen2_tied,float64",
    "qwen2_bf16,float64",
    "qwen3_untied,float64",
    "mistral,float64",
    "lora_qwen2,float64",
    "lora_qwen2,float32",
    "llama_gqa_untied,float32",
    "llama3_rope_tied,float32",
    "qwen2_tied,float32",
    "qwen2_bf16,float32",
    "qwen3_untied,float32",
    "mistral,float32"
  })
  void everyParametersGradientAgrees(String name, String dtype) {
    JsonNode reference = Reference.json(name + "/reference.json");
    List<TokenizedSample> samples = Reference.samples(reference.get("samples"));
    SafetensorsFile tensors = SafetensorsFile.open(Reference.path(name + "/tensors.safetensors"));
    for (String kind : List.of("cadft", "dft", "nll")) {
      LossType lossType = kind.equals("nll") ? LossType.NLL : LossType.DFT;
      SampleWeight weight = kind.equals("cadft") ? SampleWeight.CADFT : SampleWeight.NONE;
      OnDeviceThread.run(
          () -> {
            try (Model model = Model.open(name, dtype, lossType)) {
              Map<String, double[]> gradient =
                  model.gradient(samples, samples.size(), Model.objective(lossType, weight));
              double norm = reference.get("grad_norm").get(kind).asDouble();
              checkGradient(gradient, tensors, kind, norm, dtype.equals("float64"));
              return null;
            }
          });
    }
  }

  /**
   * The stored gradients are float64 results rounded to float32: relative L2 1e-7 is their own
   * rounding.
   */
  private static void checkGradient(
      Map<String, double[]> gradient,
      SafetensorsFile tensors,
      String kind,
      double norm,
      boolean exact) {
    double error = 0;
    double total = 0;
    double squares = 0;
    for (Map.Entry<String, double[]> entry : gradient.entrySet()) {
      float[] expected = Reference.tensor(tensors, "grad." + kind + "." + entry.getKey());
      double[] got = entry.getValue();
      assertThat(got).hasSize(expected.length);
      for (int i = 0; i < got.length; i++) {
        double difference = got[i] - expected[i];
        assertThat(Math.abs(difference))
            .as("%s %s[%d]", kind, entry.getKey(), i)
            .isLessThan((exact ? 1e-7 : 5e-6) * Math.max(1, norm));
        error += difference * difference;
        total += (double) expected[i] * expected[i];
        squares += got[i] * got[i];
      }
    }
    assertThat(Math.sqrt(error / total)).isLessThan(exact ? 1e-7 : 1e-4);
    assertThat(Math.sqrt(squares)).isCloseTo(norm, within(norm * (exact ? 1e-12 : 1e-4)));
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
  void statisticsWeightsAndLossesAgree(String name) {
    JsonNode reference = Reference.json(name + "/reference.json");
    JsonNode statistics = reference.get("statistics");
    List<TokenizedSample> samples = Reference.samples(reference.get("samples"));
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(name, "float64", LossType.DFT)) {
            List<SampleScore> scores = model.engine.score(MicroBatch.of(samples, 0)).samples();
            double[] costs = scores.stream().mapToDouble(SampleScore::nll).toArray();
            Moments moments = Moments.of(costs);
            assertThat(moments.mean()).isCloseTo(statistics.get("mu").asDouble(), within(1e-12));
            assertThat(moments.std())
                .isCloseTo(statistics.get("sigma_population").asDouble(), within(1e-12));
            double[] weights =
                Model.weights(Model.objective(LossType.DFT, SampleWeight.CADFT), costs);
            assertThat(weights)
                .containsExactly(Reference.doubles(statistics.get("w")), within(1e-11));
            double loss = 0;
            for (int i = 0; i < weights.length; i++) {
              loss += weights[i] * scores.get(i).dft() / weights.length;
            }
            assertThat(loss)
                .isCloseTo(reference.get("loss").get("cadft").asDouble(), within(1e-12));
            return null;
          }
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama_gqa_untied",
        "llama3_rope_tied",
        "qwen2_tied",
        "qwen3_untied",
        "mistral",
        "llama_sharded"
      })
  void greedyGenerationAgreesAloneAndInARaggedBatch(String name) {
    JsonNode cases = Reference.json(name + "/reference.json").get("generation");
    List<int[]> prompts = new java.util.ArrayList<>();
    List<int[]> expected = new java.util.ArrayList<>();
    for (JsonNode c : cases) {
      prompts.add(Reference.ints(c.get("prompt_ids")));
      expected.add(Reference.ints(c.get("greedy_ids")));
    }
    GenerateOptions greedy = new GenerateOptions(0, 1, 16, List.of());
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(name, "float64", LossType.DFT)) {
            List<int[]> together =
                model.engine.generate(prompts, greedy, new double[prompts.size()][16]);
            for (int i = 0; i < prompts.size(); i++) {
              assertThat(together.get(i)).containsExactly(expected.get(i));
              assertThat(model.engine.generate(List.of(prompts.get(i)), greedy, new double[1][16]))
                  .containsExactly(expected.get(i));
            }
            return null;
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama_gqa_untied", "qwen2_tied", "qwen3_untied"})
  void anySplitIntoMicroBatchesGivesTheGradientOfTheWholeBatch(String name) {
    List<TokenizedSample> samples =
        Reference.samples(Reference.json(name + "/reference.json").get("samples"));
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(name, "float64", LossType.DFT)) {
            var objective = Model.objective(LossType.DFT, SampleWeight.CADFT);
            Map<String, double[]> whole = model.gradient(samples, samples.size(), objective);
            for (int size = 1; size < samples.size(); size++) {
              Map<String, double[]> split = model.gradient(samples, size, objective);
              for (Map.Entry<String, double[]> entry : whole.entrySet()) {
                assertThat(split.get(entry.getKey()))
                    .containsExactly(entry.getValue(), within(1e-12));
              }
            }
            return null;
          }
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"llama_gqa_untied", "llama3_rope_tied", "qwen2_tied", "qwen3_untied", "mistral"})
  void rotaryFrequenciesAgree(String name) {
    JsonNode reference = Reference.json(name + "/reference.json");
    var config = io.akkord.model.hf.ModelConfig.read(Reference.path(name + "/model"));
    assertThat(RotaryTables.inverseFrequencies(config))
        .containsExactly(
            Reference.doubles(reference.get("rope_inverse_frequencies")), within(1e-15));
  }
}
