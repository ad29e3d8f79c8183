package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.dashboard.SampleList.Filter;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.model.TestModels;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizeOptions;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.CycleClosed;
import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerEvent.GroupStored;
import io.akkord.proto.LedgerEvent.StepCommitted;
import io.akkord.proto.LedgerRules;
import io.akkord.proto.Rewrite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Six samples, of which one was never visited and one was rewritten and visited since. */
class SampleListTest {
  private static final List<String> IDS = List.of("b-1", "a-2", "d-3", "c-4", "f-5", "e-6");
  private static final List<String> ORIGINS =
      List.of("story", "maths", "story", "maths", "", "story");
  private static final List<String> TEXTS =
      List.of("the red dog", "a blue cat", "two cats", "green tea", "Red wine", "a tall tree");

  @TempDir static Path folder;

  private static SampleTexts texts;
  private static LedgerView.Content ledger;

  @BeforeAll
  static void write() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < IDS.size(); i++) {
      rows.add(
          new ObjectMapper()
              .writeValueAsString(
                  Map.of(
                      "id",
                      IDS.get(i),
                      "origin",
                      ORIGINS.get(i),
                      "prompt",
                      "Once there was",
                      "completion",
                      " " + TEXTS.get(i))));
    }
    Path data = Files.write(folder.resolve("data.jsonl"), rows);
    Path tokens = Files.createDirectories(folder.resolve(".tokens")).resolve("train.tokens");
    Path model = TestModels.stories260K();
    TokenFile.build(
            data,
            model,
            new TokenizeOptions(128, TokenizeOptions.TooLong.ERROR, true),
            tokens,
            note -> {})
        .close();
    texts = SampleTexts.open(folder, model);
    ledger = ledger(model);
  }

  private static LedgerView.Content ledger(Path model) {
    LedgerState state =
        new LedgerState(
            LedgerRules.newBuilder()
                .setSamples(IDS.size())
                .setDecay(0.5)
                .setEpsilon(1e-6)
                .setScoreIsCost(true)
                .build());
    state.apply(step(0, new int[] {0, 1, 2, 3}, 4, 1, 3, 2));
    state.apply(step(1, new int[] {0, 1, 5}, 4, 5, 6));
    int[] rewritten;
    try (TextTokenizer tokenizer = TextTokenizer.open(model)) {
      rewritten = tokenizer.encode(" purple rain", false);
    }
    state.apply(
        LedgerEvent.newBuilder()
            .setCycleOpened(CycleOpened.newBuilder().setCycle(1).setGroupSize(1))
            .build());
    Rewrite.Builder taken =
        Rewrite.newBuilder().setSample(2).setRevision(1).setAccepted(true).setCostAfter(1);
    for (int token : rewritten) {
      taken.addCompletionIds(token);
    }
    state.apply(
        LedgerEvent.newBuilder()
            .setGroupStored(GroupStored.newBuilder().addOutcomes(taken))
            .build());
    state.apply(
        LedgerEvent.newBuilder().setCycleClosed(CycleClosed.newBuilder().setCycle(1)).build());
    state.apply(step(2, new int[] {2}, 2.5f));
    return new LedgerView.Content(
        state, List.of(), Map.of(2, rewritten), new ScoreHeat(), "journal");
  }

  private static LedgerEvent step(int number, int[] samples, float... costs) {
    StepCommitted.Builder step = StepCommitted.newBuilder().setStep(number).setMean(3).setStd(1);
    for (int i = 0; i < samples.length; i++) {
      step.addSamples(samples[i]).addCosts(costs[i]);
    }
    return LedgerEvent.newBuilder().setStepCommitted(step).build();
  }

  @AfterAll
  static void close() {
    texts.close();
  }

  private static List<String> ids(String sort, Filter filter) {
    return ids(sort, filter, 0, 50);
  }

  private static List<String> ids(String sort, Filter filter, int page, int size) {
    return new SampleList(texts, ledger)
        .page(sort, filter, page, size).samples().stream().map(texts.samples()::id).toList();
  }

  private static Filter query(String text) {
    return new Filter(text, null, null, null);
  }

  @Test
  void eachOrderHasItsHighestFirstAndWhatIsNotKnownLast() {
    LedgerState state = ledger.state();
    assertThat(ids("cost", Filter.ALL)).containsExactly("e-6", "a-2", "b-1", "d-3", "c-4", "f-5");
    assertThat(ids("visits", Filter.ALL)).startsWith("b-1", "a-2").endsWith("f-5");
    assertThat(ids("revision", Filter.ALL)).startsWith("d-3");
    assertThat(ids("id", Filter.ALL)).containsExactly("a-2", "b-1", "c-4", "d-3", "e-6", "f-5");
    List<String> byAverage = ids("average", Filter.ALL);
    assertThat(byAverage).hasSize(6).endsWith("f-5");
    List<Double> averages =
        byAverage.subList(0, 5).stream()
            .map(id -> state.average(texts.samples().indexOf(id).orElseThrow()))
            .toList();
    assertThat(averages).isSortedAccordingTo(java.util.Comparator.reverseOrder());
  }

  @Test
  void pagesAreCutFromTheOrderAndMatchesCountedOnAllOfThem() {
    assertThat(ids("id", Filter.ALL, 0, 4)).containsExactly("a-2", "b-1", "c-4", "d-3");
    assertThat(ids("id", Filter.ALL, 1, 4)).containsExactly("e-6", "f-5");
    assertThat(ids("id", Filter.ALL, 2, 4)).isEmpty();
    assertThat(new SampleList(texts, ledger).page("id", Filter.ALL, 1, 4).matching()).isEqualTo(6);
  }

  @Test
  void searchLooksIntoIdOriginAndTheTextInForceInAnyCase() {
    assertThat(ids("id", query("A-2"))).containsExactly("a-2");
    assertThat(ids("id", query("MATHS"))).containsExactly("a-2", "c-4");
    assertThat(ids("id", query(" red "))).containsExactly("b-1", "f-5");
    assertThat(ids("id", query("purple rain"))).containsExactly("d-3");
    assertThat(ids("id", query("two cats"))).as("not in force any more").isEmpty();
    assertThat(ids("id", query("once there was"))).hasSize(6);
  }

  @Test
  void everyFilterMustHold() {
    assertThat(ids("id", new Filter("", "story", null, null))).containsExactly("b-1", "d-3", "e-6");
    assertThat(ids("id", new Filter("", "", null, null))).containsExactly("f-5");
    assertThat(ids("id", new Filter("", null, true, null))).containsExactly("d-3");
    assertThat(ids("id", new Filter("", null, false, null))).hasSize(5).doesNotContain("d-3");
    assertThat(ids("id", new Filter("", null, null, false))).containsExactly("f-5");
    assertThat(ids("id", new Filter("", null, null, true))).hasSize(5).doesNotContain("f-5");
    assertThat(ids("id", new Filter("tree", "story", false, true))).containsExactly("e-6");
    assertThat(ids("id", new Filter("tree", "maths", false, true))).isEmpty();
  }

  @Test
  void originsAreNamedOnce() {
    assertThat(texts.origins(10)).containsExactly("maths", "story");
    assertThat(texts.origins(1)).containsExactly("maths");
  }
}
