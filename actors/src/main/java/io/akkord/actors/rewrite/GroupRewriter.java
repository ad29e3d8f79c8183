package io.akkord.actors.rewrite;

import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.RewriteTask;
import io.akkord.config.Recipe;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.engine.Engine;
import io.akkord.model.engine.GenerateOptions;
import io.akkord.model.engine.SampleScore;
import io.akkord.model.hf.TextTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * Rewrites one fixed group of samples with the current policy: nucleus sampling, then both
 * completions scored. The group is one batch, because the composition of a batch changes bits. Runs
 * on the device thread.
 */
public final class GroupRewriter {
  private final Recipe recipe;
  private final Recipe.Rewrite settings;
  private final List<Integer> eos;
  private final Engine engine;
  private final TextTokenizer tokenizer;

  /**
   * A rewriter.
   *
   * @param tokenizer for texts; null leaves them empty
   */
  public GroupRewriter(Recipe recipe, List<Integer> eos, Engine engine, TextTokenizer tokenizer) {
    this.recipe = recipe;
    this.settings = recipe.rewriteOrDefaults();
    this.eos = eos;
    this.engine = engine;
    this.tokenizer = tokenizer;
  }

  /** What became of every task, in order. */
  public List<RewriteOutcome> rewrite(
      RewriteGroup group,
      IntFunction<TokenizedSample> current,
      Function<List<TokenizedSample>, MicroBatch> batch,
      long policyVersion) {
    List<TokenizedSample> originals =
        group.tasks().stream().map(task -> current.apply(task.sample())).toList();
    List<int[]> prompts = originals.stream().map(TokenizedSample::promptIds).toList();
    int longest = prompts.stream().mapToInt(p -> p.length).max().orElseThrow();
    int room = Math.min(settings.maxNewTokens(), engine.maxLength() - longest);
    List<SampleScore> before = engine.score(batch.apply(originals)).samples();
    List<int[]> completions = generate(group.tasks(), prompts, room);
    List<SampleScore> after = engine.score(batch.apply(with(originals, completions))).samples();
    List<RewriteOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < originals.size(); i++) {
      String reason = refusal(completions.get(i), before.get(i), after.get(i), room);
      outcomes.add(
          outcome(
              group.tasks().get(i),
              originals.get(i),
              completions.get(i),
              reason,
              before.get(i),
              after.get(i),
              policyVersion));
    }
    return outcomes;
  }

  /** No room at all gives empty completions, which are refused. */
  private List<int[]> generate(List<RewriteTask> tasks, List<int[]> prompts, int room) {
    if (room < 1) {
      return prompts.stream().map(p -> new int[0]).toList();
    }
    double[][] uniforms = new double[tasks.size()][];
    for (int i = 0; i < uniforms.length; i++) {
      RewriteTask task = tasks.get(i);
      uniforms[i] = Uniforms.of(recipe.seed(), task.sample(), task.nextRevision(), room);
    }
    GenerateOptions options =
        new GenerateOptions(settings.temperature(), settings.topP(), room, eos);
    return engine.generate(prompts, options, uniforms);
  }

  /** An empty completion keeps the original, so that the batch has a target in every row. */
  private static List<TokenizedSample> with(
      List<TokenizedSample> originals, List<int[]> completions) {
    List<TokenizedSample> rewritten = new ArrayList<>();
    for (int i = 0; i < originals.size(); i++) {
      TokenizedSample o = originals.get(i);
      int[] completion = completions.get(i);
      rewritten.add(
          completion.length == 0 ? o : new TokenizedSample(o.index(), o.promptIds(), completion));
    }
    return rewritten;
  }

  /** Why a rewrite is not taken; null if it is. */
  private String refusal(int[] completion, SampleScore before, SampleScore after, int room) {
    if (completion.length == 0) {
      return "the prompt leaves no room for a completion";
    }
    if (!eos.contains(completion[completion.length - 1])) {
      return "no end of sequence within " + room + " tokens";
    }
    if (completion.length == 1) {
      return "the completion is empty";
    }
    boolean lower = after.nll() < before.nll();
    if (settings.accept() == Recipe.Accept.LOWER_SCORE && !lower) {
      return "the score did not fall";
    }
    return null;
  }

  private RewriteOutcome outcome(
      RewriteTask task,
      TokenizedSample original,
      int[] completion,
      String refusal,
      SampleScore before,
      SampleScore after,
      long policyVersion) {
    return new RewriteOutcome(
        task.sample(),
        task.nextRevision(),
        refusal == null,
        refusal == null ? "accepted: " + acceptance(before, after) : refusal,
        completion,
        text(original.promptIds(), completion),
        before.nll(),
        completion.length == 0 ? Double.NaN : after.nll(),
        policyVersion);
  }

  private static String acceptance(SampleScore before, SampleScore after) {
    return after.nll() < before.nll() ? "the score fell" : "the score did not fall, any is taken";
  }

  /** Decoded behind its prompt, so that the space at its beginning stays. */
  private String text(int[] prompt, int[] completion) {
    if (tokenizer == null) {
      return "";
    }
    int[] joined = Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, joined, prompt.length, completion.length);
    String whole = tokenizer.decode(joined, true);
    String start = tokenizer.decode(prompt, true);
    return whole.startsWith(start) ? whole.substring(start.length()) : whole;
  }
}
