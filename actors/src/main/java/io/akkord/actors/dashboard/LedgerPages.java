package io.akkord.actors.dashboard;

import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.ledger.LedgerVersion;
import io.akkord.actors.ledger.LedgerVisit;
import io.akkord.model.UserError;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.objective.Objective;
import io.akkord.model.objective.StatsScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** What is shown of a run's samples and their rewrites. */
public final class LedgerPages {
  /** Rows of a page. */
  public static final int PAGE = 50;

  /** Bytes of a text in a list. */
  private static final int EXCERPT = 240;

  /** Bytes of a text on its own page. */
  private static final int LONGEST_TEXT = 40_000;

  /** Bytes of all texts there together, so that an answer stays small whatever the sample holds. */
  private static final int ALL_TEXTS = 150_000;

  /** Even then something of each is shown. */
  private static final int SHORTEST_TEXT = 400;

  private static final int TEXTS_OF_A_VERSION = 3;

  /** Different origins that are named. */
  private static final int ORIGINS = 200;

  /** Visits shown of one sample, the newest. */
  private static final int VISITS = 2_000;

  private LedgerPages() {}

  /** A page of samples. */
  public static Map<String, Object> samples(
      RunView run, String sort, SampleList.Filter filter, int page) {
    LedgerView.Content ledger = run.ledger();
    SampleTexts texts = run.texts();
    SampleList.Page found = new SampleList(texts, ledger).page(sort, filter, page, PAGE);
    List<Object> rows = new ArrayList<>();
    found.samples().forEach(sample -> rows.add(row(texts, ledger, sample, EXCERPT)));
    Map<String, Object> view = head(ledger);
    view.put("matching", found.matching());
    view.put("texts_searched", found.textsSearched());
    view.put("page", page);
    view.put("page_size", PAGE);
    view.put("origins", texts.origins(ORIGINS));
    view.put("rows", rows);
    return view;
  }

  /** What there is to say of samples before there is a run. */
  public static Map<String, Object> noSamples(int page) {
    Map<String, Object> view = noHead();
    view.put("matching", 0);
    view.put("texts_searched", true);
    view.put("page", page);
    view.put("page_size", PAGE);
    view.put("origins", List.of());
    view.put("rows", List.of());
    return view;
  }

  /** Likewise of rewrites. */
  public static Map<String, Object> noRewrites(int page) {
    Map<String, Object> view = noHead();
    view.put("matching", 0);
    view.put("accepted", 0);
    view.put("tried", 0);
    view.put("page", page);
    view.put("page_size", PAGE);
    view.put("rows", List.of());
    return view;
  }

  /** Likewise of scores. */
  public static Map<String, Object> noScores() {
    Map<String, Object> view = noHead();
    view.put("column_steps", 1);
    view.put("top", 0);
    view.put("bins", ScoreHeat.BINS);
    view.put("counts", List.of());
    view.put("average_low", 0);
    view.put("average_high", 1);
    view.put("averages", List.of());
    view.put("visited", 0);
    return view;
  }

  private static Map<String, Object> noHead() {
    Map<String, Object> view = Views.map();
    view.put("source", "no run yet");
    view.put("committed_steps", 0);
    view.put("samples", 0);
    view.put("score", "z");
    return view;
  }

  private static Map<String, Object> head(LedgerView.Content ledger) {
    Map<String, Object> view = Views.map();
    view.put("source", ledger.source());
    view.put("committed_steps", ledger.state().committedSteps());
    view.put("samples", ledger.state().samples());
    view.put("score", ledger.state().rules().getScoreIsCost() ? "c" : "z");
    return view;
  }

  private static Map<String, Object> row(
      SampleTexts texts, LedgerView.Content ledger, int index, int bytes) {
    LedgerState state = ledger.state();
    TokenizedSample sample = texts.samples().sample(index);
    int[] completion = ledger.rewritten().getOrDefault(index, sample.completionIds());
    Map<String, Object> row = Views.map();
    row.put("id", texts.samples().id(index));
    row.put("origin", texts.samples().origin(index));
    row.put("average", state.visits(index) == 0 ? null : state.average(index));
    row.put("visits", state.visits(index));
    row.put("revision", state.revision(index));
    row.put("last_cost", (double) state.lastCost(index));
    row.put("prompt", Excerpt.of(texts.prompt(sample), bytes));
    row.put("completion", Excerpt.of(texts.completion(sample.promptIds(), completion), bytes));
    return row;
  }

  /** The distribution of scores, over time and now. */
  public static Map<String, Object> scores(RunView run) {
    LedgerView.Content ledger = run.ledger();
    ScoreHeat heat = ledger.heat();
    Map<String, Object> view = head(ledger);
    view.put("column_steps", heat.width());
    view.put("top", heat.top());
    view.put("bins", ScoreHeat.BINS);
    view.put("counts", heat.counts());
    LedgerState state = ledger.state();
    double[] averages =
        IntStream.range(0, state.samples())
            .filter(s -> state.visits(s) > 0)
            .mapToDouble(state::average)
            .toArray();
    double low = java.util.Arrays.stream(averages).min().orElse(0);
    double high = java.util.Arrays.stream(averages).max().orElse(1);
    double end = high > low ? high : low + 1;
    view.put("average_low", low);
    view.put("average_high", end);
    view.put("averages", SampleList.histogram(state, low, end, ScoreHeat.BINS));
    view.put("visited", averages.length);
    return view;
  }

  /**
   * One sample with its visits and every version of its text.
   *
   * @throws UserError if the run has no sample of that id
   */
  public static Map<String, Object> sample(RunView run, String id) {
    SampleTexts texts = run.texts();
    OptionalInt found = texts.samples().indexOf(id);
    if (found.isEmpty()) {
      throw new UserError("the run has no sample with id '%s'".formatted(Excerpt.of(id, 100)));
    }
    int index = found.getAsInt();
    LedgerView.Content ledger = run.ledger();
    List<LedgerVersion> ofSample =
        ledger.versions().stream().filter(version -> version.sample() == index).toList();
    int count = TEXTS_OF_A_VERSION * (1 + ofSample.size());
    int longest = Math.max(SHORTEST_TEXT, Math.min(LONGEST_TEXT, ALL_TEXTS / count));
    Map<String, Object> view = head(ledger);
    view.putAll(row(texts, ledger, index, longest));
    TokenizedSample sample = texts.samples().sample(index);
    view.put(
        "original",
        Excerpt.of(texts.completion(sample.promptIds(), sample.completionIds()), longest));
    view.put("visits_list", visits(run, index, view));
    List<Object> versions = new ArrayList<>();
    ofSample.forEach(version -> versions.add(version(texts, ledger, version, longest)));
    view.put("versions", versions);
    return view;
  }

  private static List<Object> visits(RunView run, int index, Map<String, Object> view) {
    List<Object> rows = new ArrayList<>();
    LedgerReader.History history;
    try {
      history = run.ledgerView().history(index);
    } catch (UserError e) {
      view.put(
          "visits_unknown",
          "another process writes the journal; its visits can be read when that run has ended");
      return rows;
    }
    Objective objective = run.recipe().objective();
    List<LedgerVisit> visits = history.visits();
    for (LedgerVisit visit : visits.subList(Math.max(0, visits.size() - VISITS), visits.size())) {
      Map<String, Object> row = Views.map();
      row.put("attempt", visit.attempt());
      row.put("step", visit.step());
      row.put("revision", visit.revision());
      row.put("cost", (double) visit.cost());
      row.put("z", visit.z());
      // The ledger has the statistics of the batch; those of each micro-batch are not kept.
      row.put(
          "weight",
          objective.scope() == StatsScope.MICRO_BATCH ? null : objective.weight(visit.z()));
      row.put("skipped", visit.skipped());
      rows.add(row);
    }
    return rows;
  }

  /** A page of rewrites, the newest first. */
  public static Map<String, Object> rewrites(RunView run, String decision, int page) {
    LedgerView.Content ledger = run.ledger();
    SampleTexts texts = run.texts();
    List<LedgerVersion> all =
        ledger.versions().stream()
            .filter(v -> decision.isEmpty() || v.accepted() == decision.equals("accepted"))
            .sorted(
                Comparator.comparingInt(LedgerVersion::cycle)
                    .reversed()
                    .thenComparing(v -> !v.accepted())
                    .thenComparing(v -> v.costAfter() - v.costBefore()))
            .toList();
    List<Object> rows = new ArrayList<>();
    all.stream()
        .skip((long) page * PAGE)
        .limit(PAGE)
        .forEach(version -> rows.add(version(texts, ledger, version, 4_000)));
    Map<String, Object> view = head(ledger);
    view.put("matching", all.size());
    view.put("accepted", ledger.versions().stream().filter(LedgerVersion::accepted).count());
    view.put("tried", ledger.versions().size());
    view.put("page", page);
    view.put("page_size", PAGE);
    view.put("rows", rows);
    return view;
  }

  private static Map<String, Object> version(
      SampleTexts texts, LedgerView.Content ledger, LedgerVersion version, int bytes) {
    TokenizedSample sample = texts.samples().sample(version.sample());
    int[] before =
        ledger.versions().stream()
            .filter(v -> v.sample() == version.sample() && v.accepted())
            .filter(v -> v.committedSteps() < version.committedSteps())
            .reduce((first, second) -> second)
            .map(LedgerVersion::completionIds)
            .orElse(sample.completionIds());
    Map<String, Object> row = Views.map();
    row.put("id", texts.samples().id(version.sample()));
    row.put("origin", texts.samples().origin(version.sample()));
    row.put("cycle", version.cycle());
    row.put("committed_steps", version.committedSteps());
    row.put("policy_version", version.policyVersion());
    row.put("revision", version.revision());
    row.put("accepted", version.accepted());
    row.put("reason", version.reason());
    row.put("cost_before", version.costBefore());
    row.put("cost_after", version.costAfter());
    row.put("prompt", Excerpt.of(texts.prompt(sample), bytes));
    row.put("before", Excerpt.of(texts.completion(sample.promptIds(), before), bytes));
    row.put(
        "after", Excerpt.of(texts.completion(sample.promptIds(), version.completionIds()), bytes));
    return row;
  }
}
