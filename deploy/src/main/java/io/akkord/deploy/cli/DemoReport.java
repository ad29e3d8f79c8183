package io.akkord.deploy.cli;

import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerReader.Row;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.ledger.LedgerVersion;
import io.akkord.config.Recipe;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/** What a run has done, for somebody who sees Akkord for the first time. */
final class DemoReport {
  private static final int TEXT_WIDTH = 400;

  private final Recipe recipe;
  private final Path recipeFile;
  private final List<EvalFinished> evals;

  DemoReport(Recipe recipe, Path recipeFile, List<EvalFinished> evals) {
    this.recipe = recipe;
    this.recipeFile = recipeFile;
    this.evals = evals;
  }

  void print(PrintWriter out) {
    out.println();
    out.println("== What happened ==");
    heldOut(out);
    try (LedgerReader ledger = LedgerReader.open(recipe.outputDir());
        TokenFile tokens = TokenFile.open(recipe.outputDir().resolve(".tokens/train.tokens"));
        TextTokenizer tokenizer = TextTokenizer.open(recipe.outputDir())) {
      ledger(out, ledger, tokens);
      rewrites(out, ledger.state(), tokens, tokenizer);
    }
    whereAndNext(out);
    out.flush();
  }

  private void heldOut(PrintWriter out) {
    EvalFinished before = evals.get(0);
    EvalFinished after = evals.get(evals.size() - 1);
    out.println();
    out.println("Held-out rows, which the run never trained on, before → after:");
    out.printf("  %-10s %5s  %-18s  %-18s  %-18s%n", "", "rows", "mean p", "top-1", "NLL");
    for (int i = 0; i < before.getOriginsCount(); i++) {
      OriginScore b = before.getOrigins(i);
      OriginScore a = after.getOrigins(i);
      out.printf(
          Locale.ROOT,
          "  %-10s %5d  %.4f → %.4f    %.4f → %.4f    %.4f → %.4f%n",
          b.getOrigin().isEmpty() ? "all" : b.getOrigin(),
          b.getSamples(),
          b.getMeanP(),
          a.getMeanP(),
          b.getTop1(),
          a.getTop1(),
          b.getNll(),
          a.getNll());
    }
    out.println(
        "  CADFT raises the mean token probability (mean p); NLL staying flat or rising is its objective, not a fault.");
  }

  private static void ledger(PrintWriter out, LedgerReader ledger, TokenFile tokens) {
    List<Row> tenth = ledger.top(tokens.size() / 10);
    long foreign = tenth.stream().filter(row -> isForeign(tokens, row.sample())).count();
    long all = IntStream.range(0, tokens.size()).filter(i -> isForeign(tokens, i)).count();
    out.println();
    out.printf(
        Locale.ROOT,
        "The ledger: of the %d samples with the highest moving average (a tenth), %d are foreign rows: %.0f %%.%n",
        tenth.size(),
        foreign,
        100.0 * foreign / tenth.size());
    out.printf(
        Locale.ROOT,
        "  In the whole training file it is %d of %d: %.0f %%. Nobody told the run which rows are foreign.%n",
        all,
        tokens.size(),
        100.0 * all / tokens.size());
  }

  private static boolean isForeign(TokenFile tokens, int sample) {
    return tokens.origin(sample).equals("foreign");
  }

  private static void rewrites(
      PrintWriter out, LedgerState state, TokenFile tokens, TextTokenizer tokenizer) {
    List<LedgerVersion> tried = LedgerReader.versions(state);
    List<LedgerVersion> accepted = tried.stream().filter(LedgerVersion::accepted).toList();
    int[] rewritten =
        IntStream.range(0, tokens.size()).filter(i -> state.revision(i) > 0).toArray();
    long again = Arrays.stream(rewritten).filter(i -> state.visits(i) > 0).count();
    int visits = Arrays.stream(rewritten).map(state::visits).sum();
    long foreign = Arrays.stream(rewritten).filter(i -> isForeign(tokens, i)).count();
    out.println();
    out.printf(
        "Rewriting: %d completions tried in %d cycles, %d taken for %d samples (%d of them foreign); the others did not end in time.%n",
        tried.size(),
        tried.stream().mapToInt(LedgerVersion::cycle).distinct().count(),
        accepted.size(),
        rewritten.length,
        foreign);
    out.printf(
        "  %d of the rewritten samples were visited again, %d visits in all.%n", again, visits);
    example(accepted).ifPresent(version -> show(out, version, tokens, tokenizer));
  }

  /** The first revision whose score fell most. */
  private static Optional<LedgerVersion> example(List<LedgerVersion> accepted) {
    return accepted.stream()
        .filter(version -> version.revision() == 1)
        .max(Comparator.comparingDouble(v -> v.costBefore() - v.costAfter()));
  }

  private static void show(
      PrintWriter out, LedgerVersion version, TokenFile tokens, TextTokenizer tokenizer) {
    TokenizedSample sample = tokens.sample(version.sample());
    int[] joined = Arrays.copyOf(sample.promptIds(), sample.length());
    System.arraycopy(
        sample.completionIds(),
        0,
        joined,
        sample.promptIds().length,
        sample.completionIds().length);
    String prompt = tokenizer.decode(sample.promptIds(), true);
    String original = tokenizer.decode(joined, true).substring(prompt.length());
    out.println();
    out.printf(
        "One rewrite, sample %s in cycle %d (score: nats per token, lower fits the model better):%n",
        tokens.id(version.sample()), version.cycle());
    out.println("  prompt:                " + oneLine(prompt));
    out.printf(Locale.ROOT, "  before, score %7.4f: %s%n", version.costBefore(), oneLine(original));
    out.printf(
        Locale.ROOT, "  after,  score %7.4f: %s%n", version.costAfter(), oneLine(version.text()));
  }

  private static String oneLine(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    return line.length() <= TEXT_WIDTH ? line : line.substring(0, TEXT_WIDTH) + " …";
  }

  private void whereAndNext(PrintWriter out) {
    Path run = here(recipe.outputDir());
    Path recipeHere = here(recipeFile.toAbsolutePath());
    out.println();
    out.println("Where things are:");
    out.printf("  %-46s the model, a Hugging Face folder%n", run);
    out.printf(
        "  %-46s one line a step; evaluations in eval.jsonl%n", run.resolve("metrics.jsonl"));
    out.printf(
        "  %-46s the ledger's journal; every rewrite in rewrites.jsonl%n", run.resolve("journal"));
    out.println();
    out.println("What to run next:");
    out.printf("  akkord ledger top --run %s%n", run);
    out.printf("  akkord generate --model %s --prompt \"Once upon a time\"%n", run);
    out.printf(
        "  akkord train %s --set output_dir=runs/sft --set loss_type=nll --set sample_weight=none --set rewrite=off%n",
        recipeHere);
  }

  /** As short as it can be typed: relative below the current directory, absolute elsewhere. */
  static Path here(Path path) {
    Path current = Path.of("").toAbsolutePath();
    return path.startsWith(current) ? current.relativize(path) : path;
  }
}
