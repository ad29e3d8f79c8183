package io.akkord.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.akkord.model.Reference;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.RowPacker;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.objective.LossType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Samples that share a row have the scores and gradients they have alone. */
class PackingTest {
  private static List<TokenizedSample> samples(String name) {
    return Reference.samples(Reference.json(name + "/reference.json").get("samples"));
  }

  /** A factor for each sample that has nothing to do with its place. */
  private static double[] factors(MicroBatch batch) {
    return Arrays.stream(batch.sampleIndex()).mapToDouble(i -> 0.1 + 0.05 * i).toArray();
  }

  private static Map<Integer, SampleScore> scores(MicroBatch batch, BatchScores scores) {
    Map<Integer, SampleScore> byIndex = new HashMap<>();
    for (int i = 0; i < batch.samples(); i++) {
      byIndex.put(batch.sampleIndex()[i], scores.samples().get(i));
    }
    return byIndex;
  }

  private static Map<String, double[]> gradient(Model model, MicroBatch batch) {
    try (FlatBuffer gradient = model.engine.newGradient()) {
      model.engine.backward(model.engine.forward(batch), factors(batch), gradient, true);
      return model.byParameter(gradient);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama_gqa_untied,false",
    "llama3_rope_tied,false",
    "qwen2_tied,false",
    "qwen3_untied,false",
    "mistral,false",
    "llama_gqa_untied,true",
    "qwen2_tied,true",
    "qwen3_untied,true"
  })
  void packedScoresAndGradientsAreThoseOfRowsOfTheirOwn(String name, boolean checkpointing) {
    MicroBatch alone = MicroBatch.of(samples(name), 0);
    MicroBatch packed = MicroBatch.packed(RowPacker.rows(samples(name), 40), 0);
    assertThat(packed.packed()).isTrue();
    assertThat(packed.rows()).isBetween(2, 5);
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open(name, "float64", LossType.DFT, checkpointing)) {
            Map<Integer, SampleScore> expected = scores(alone, model.engine.score(alone));
            scores(packed, model.engine.score(packed))
                .forEach(
                    (index, score) -> {
                      assertThat(score.nll()).isCloseTo(expected.get(index).nll(), within(1e-12));
                      assertThat(score.dft()).isCloseTo(expected.get(index).dft(), within(1e-12));
                      assertThat(score.top1()).isEqualTo(expected.get(index).top1());
                      assertThat(score.tokens()).isEqualTo(expected.get(index).tokens());
                    });
            Map<String, double[]> whole = gradient(model, alone);
            gradient(model, packed)
                .forEach(
                    (parameter, values) ->
                        assertThat(values)
                            .as(parameter)
                            .containsExactly(whole.get(parameter), within(1e-12)));
            return null;
          }
        });
  }

  @Test
  void whatANeighbourSaysChangesNoBitOfAScore() {
    List<TokenizedSample> original = samples("llama_gqa_untied");
    List<TokenizedSample> changed =
        original.stream()
            .map(
                s ->
                    s.index() % 2 == 0
                        ? s
                        : new TokenizedSample(
                            s.index(), s.promptIds(), new int[s.completionIds().length]))
            .toList();
    MicroBatch before = MicroBatch.packed(List.of(original), 0);
    MicroBatch after = MicroBatch.packed(List.of(changed), 0);
    OnDeviceThread.run(
        () -> {
          try (Model model = Model.open("llama_gqa_untied", "float32", LossType.DFT)) {
            List<SampleScore> a = model.engine.score(before).samples();
            List<SampleScore> b = model.engine.score(after).samples();
            for (int i = 0; i < a.size(); i++) {
              if (i % 2 == 0) {
                assertThat(b.get(i)).isEqualTo(a.get(i));
              } else {
                assertThat(b.get(i).nll()).isNotEqualTo(a.get(i).nll());
              }
            }
            return null;
          }
        });
  }

  @Test
  void aHeldForwardOfPackedRowsHasTheScoresOfAForwardWithoutGraph() {
    MicroBatch packed = MicroBatch.packed(RowPacker.rows(samples("qwen2_tied"), 40), 0);
    OnDeviceThread.run(
        () -> {
          for (boolean checkpointing : new boolean[] {false, true}) {
            try (Model model = Model.open("qwen2_tied", "float32", LossType.DFT, checkpointing);
                HeldForward held = model.engine.forward(packed)) {
              List<SampleScore> scored = model.engine.score(packed).samples();
              for (int i = 0; i < scored.size(); i++) {
                assertThat(held.scores().samples().get(i).nll()).isEqualTo(scored.get(i).nll());
              }
            }
          }
          return null;
        });
  }
}
