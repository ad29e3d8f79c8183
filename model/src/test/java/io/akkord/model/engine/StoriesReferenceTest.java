package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.Reference;
import io.akkord.model.TestModels;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.model.objective.LossType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A trained model: stories260K tells the story that llama2.c's own test expects of it. */
class StoriesReferenceTest {
  private static final String PUBLISHED =
      """
      Once upon a time, there was a little girl named Lily. She loved to play outside in the park. \
      One day, she saw a big, red ball. She wanted to play with it, but it was too high.
      Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. \
      She said, "I want to play with your ball, but I can't find it."
      Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. \
      I didn't know what to do."
      Lily didn't want to help her mom, so she\
      """;

  private static final JsonNode REFERENCE = Reference.json("text/logprobs.json").get("stories260K");

  private static Engine open(String dtype) {
    HfFolder folder = HfFolder.open(TestModels.stories260K());
    Engine engine =
        Engine.open(folder.config(), new EngineOptions("cpu", dtype, 1, LossType.NLL, 512));
    engine.load(folder);
    return engine;
  }

  private static int[] greedy(Engine engine, int[] prompt, int tokens, List<Integer> eos) {
    GenerateOptions options = new GenerateOptions(0, 1, tokens, eos);
    return engine.generate(List.of(prompt), options, new double[1][tokens]).get(0);
  }

  @Test
  void theGreedyStoryIsThePublishedOne() {
    int[] ids =
        OnDeviceThread.run(
            () -> {
              try (Engine engine = open("float32")) {
                return greedy(engine, new int[] {1}, 200, List.of());
              }
            });
    try (TextTokenizer tokenizer = TextTokenizer.open(TestModels.stories260K())) {
      assertThat(tokenizer.decode(ids, true)).isEqualTo(PUBLISHED);
    }
    int[] reference = Reference.ints(REFERENCE.at("/greedy_from_bos/ids"));
    assertThat(ids).containsExactly(Arrays.copyOfRange(reference, 1, 201));
  }

  @ParameterizedTest
  @CsvSource({"float32, logp, 1e-4", "float64, logp, 1e-5", "float64, logp_float64, 1e-11"})
  void everyTokensLogProbabilityIsTheReferences(String dtype, String field, double tolerance) {
    OnDeviceThread.run(
        () -> {
          try (Engine engine = open(dtype)) {
            List<TokenizedSample> samples = new ArrayList<>();
            List<Double> expected = new ArrayList<>();
            for (JsonNode item : REFERENCE.get("items")) {
              int[] ids = Reference.ints(item.get("ids"));
              int[] completion = Arrays.copyOfRange(ids, 1, ids.length);
              samples.add(new TokenizedSample(samples.size(), new int[] {ids[0]}, completion));
              item.get(field).forEach(p -> expected.add(p.asDouble()));
            }
            double[] all = expected.stream().mapToDouble(Double::doubleValue).toArray();
            assertThat(engine.targetLogProbs(MicroBatch.of(samples, 0)))
                .hasSizeGreaterThan(100)
                .containsExactly(all, within(tolerance));
            return null;
          }
        });
  }

  @Test
  void everyItemIsContinuedAsTheReferenceDoes() {
    OnDeviceThread.run(
        () -> {
          try (Engine engine = open("float32")) {
            for (JsonNode item : REFERENCE.get("items")) {
              int[] expected = Reference.ints(item.get("greedy32_ids"));
              assertThat(greedy(engine, Reference.ints(item.get("ids")), 32, List.of(1, 2)))
                  .as(item.get("text").textValue())
                  .containsExactly(expected);
            }
            return null;
          }
        });
  }
}
