package io.akkord.actors.dashboard;

import io.akkord.actors.ledger.LedgerState;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizedSample;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Finds and orders samples of a ledger without holding them all. */
public final class SampleList {
  /** Texts are searched up to so many samples; in larger data ids and origins are. */
  static final int TEXT_SEARCH_LIMIT = 20_000;

  /** Further down nobody reads. */
  static final int DEEPEST = 10_000;

  /** By what a page is ordered. */
  public static final List<String> SORTS = List.of("average", "cost", "visits", "revision", "id");

  /**
   * Which samples are shown.
   *
   * @param query part of id, origin or text, any case; empty: all
   * @param origin exactly this one; null: all
   * @param revised only those whose text was rewritten, or only others; null: all
   * @param visited only those that have an average, or only others; null: all
   */
  public record Filter(String query, String origin, Boolean revised, Boolean visited) {
    /** Every sample. */
    public static final Filter ALL = new Filter("", null, null, null);
  }

  /**
   * A page.
   *
   * @param matching samples that match, on all pages
   */
  record Page(List<Integer> samples, long matching, boolean textsSearched) {}

  private final SampleTexts texts;
  private final LedgerView.Content ledger;

  SampleList(SampleTexts texts, LedgerView.Content ledger) {
    this.texts = texts;
    this.ledger = ledger;
  }

  /**
   * One page.
   *
   * @param sort one of {@link #SORTS}; the highest first, except by id
   * @param page from 0 on
   */
  Page page(String sort, Filter filter, int page, int size) {
    LedgerState state = ledger.state();
    boolean inTexts = state.samples() <= TEXT_SEARCH_LIMIT;
    // Texts are read last: only of what the rest lets through.
    IntPredicate matches = fits(filter, state).and(matches(filter.query(), inTexts));
    Comparator<Integer> worstFirst = order(sort, state);
    int wanted = Math.min(DEEPEST, (page + 1) * size);
    PriorityQueue<Integer> best = new PriorityQueue<>(worstFirst.reversed());
    long matching = 0;
    for (int sample = 0; sample < state.samples(); sample++) {
      if (!matches.test(sample)) {
        continue;
      }
      matching++;
      best.add(sample);
      if (best.size() > wanted) {
        best.poll();
      }
    }
    List<Integer> ordered = best.stream().sorted(worstFirst).toList();
    int from = Math.min(ordered.size(), page * size);
    return new Page(
        ordered.subList(from, Math.min(ordered.size(), from + size)), matching, inTexts);
  }

  private Comparator<Integer> order(String sort, LedgerState state) {
    Comparator<Integer> order =
        switch (sort) {
          case "cost" ->
              Comparator.<Integer>comparingDouble(
                      s -> Float.isNaN(state.lastCost(s)) ? -1 : state.lastCost(s))
                  .reversed();
          case "visits" -> Comparator.<Integer>comparingInt(state::visits).reversed();
          case "revision" -> Comparator.<Integer>comparingInt(state::revision).reversed();
          case "id" -> Comparator.comparing(s -> texts.samples().id(s));
          // A sample that was not visited has no average yet.
          default ->
              Comparator.<Integer>comparingDouble(
                      s -> state.visits(s) == 0 ? Double.NEGATIVE_INFINITY : state.average(s))
                  .reversed();
        };
    return order.thenComparing(Comparator.naturalOrder());
  }

  private IntPredicate fits(Filter filter, LedgerState state) {
    return sample ->
        (filter.origin() == null || filter.origin().equals(texts.samples().origin(sample)))
            && (filter.revised() == null || filter.revised() == state.revision(sample) > 0)
            && (filter.visited() == null || filter.visited() == state.visits(sample) > 0);
  }

  private IntPredicate matches(String query, boolean inTexts) {
    String wanted = query.strip().toLowerCase(Locale.ROOT);
    if (wanted.isEmpty()) {
      return sample -> true;
    }
    TokenFile samples = texts.samples();
    return sample ->
        samples.id(sample).toLowerCase(Locale.ROOT).contains(wanted)
            || samples.origin(sample).toLowerCase(Locale.ROOT).contains(wanted)
            || (inTexts && text(sample).toLowerCase(Locale.ROOT).contains(wanted));
  }

  private String text(int index) {
    TokenizedSample sample = texts.samples().sample(index);
    int[] completion = ledger.rewritten().getOrDefault(index, sample.completionIds());
    int[] both =
        Arrays.copyOf(
            sample.promptIds(),
            sample.length() - sample.completionIds().length + completion.length);
    System.arraycopy(completion, 0, both, sample.promptIds().length, completion.length);
    return texts.text(both);
  }

  /** Average, cost and visits of the whole data: how many samples have which. */
  static int[] histogram(LedgerState state, double low, double high, int bins) {
    int[] counts = new int[bins];
    IntStream.range(0, state.samples())
        .filter(s -> state.visits(s) > 0)
        .forEach(
            s -> {
              double at = (state.average(s) - low) / (high - low) * bins;
              counts[(int) Math.max(0, Math.min(bins - 1, at))]++;
            });
    return counts;
  }
}
