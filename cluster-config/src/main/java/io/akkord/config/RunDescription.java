package io.akkord.config;

import io.akkord.model.objective.LossReduction;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.SampleWeight;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a run is going to do, in words, as it is printed at the start. */
public final class RunDescription {
  private static final int OUTLOOKS_SHOWN = 5;

  private final RunPlan plan;
  private final Recipe recipe;
  private final List<String> lines = new ArrayList<>();

  private RunDescription(RunPlan plan) {
    this.plan = plan;
    this.recipe = plan.recipe();
  }

  /** Objective, batches, learning rate, rewriting, evaluation and saving, notes and settings. */
  public static List<String> lines(EffectiveRecipe effective, RunPlan plan) {
    RunDescription description = new RunDescription(plan);
    description.objective();
    description.batches();
    description.adapters();
    description.learningRate();
    description.rewriting();
    description.evaluation();
    description.checkpoints();
    effective.notes().forEach(note -> description.add("note: %s", note));
    description.add("settings that are not the default:");
    effective.nonDefaults().forEach(setting -> description.add("  %s", setting));
    return List.copyOf(description.lines);
  }

  private void objective() {
    boolean dft = recipe.lossType() == LossType.DFT;
    String loss = dft ? "DFT loss" : "negative log-likelihood";
    String mean =
        recipe.lossReduction() == LossReduction.SAMPLE_MEAN
            ? "mean over samples"
            : "mean over tokens";
    if (recipe.sampleWeight() == SampleWeight.NONE) {
      add("objective: %s: %s, %s, all samples with weight 1", dft ? "DFT" : "SFT", loss, mean);
      return;
    }
    String statistics =
        switch (recipe.cadft().statsScope()) {
          case GLOBAL_BATCH -> "statistics over the global batch";
          case MICRO_BATCH -> "statistics over each micro-batch";
          case PREVIOUS_STEP -> "statistics of the previous step";
        };
    String name = dft ? "CADFT" : "SFT with CADFT's weights";
    add("objective: %s: weighted %s, %s, %s", name, loss, mean, statistics);
    add(
        "  weight of a sample: exp(-%s max(0, z)), z = (c - mean) / (std + %s)",
        recipe.cadft().beta(), recipe.cadft().epsilon());
  }

  private void batches() {
    int batch = recipe.globalBatchSize();
    int micro = recipe.microBatchSize();
    int shards = plan.logicalShards();
    long perEpoch = plan.stepsPerEpoch();
    long last = plan.samples() - (perEpoch - 1) * batch;
    add(
        "batches: %s, batch %d = %s × %s on %s",
        counted(plan.samples(), "sample"),
        batch,
        counted((batch + micro - 1) / micro, "micro-batch"),
        counted(micro, "row"),
        counted(shards, "logical shard"));
    if (recipe.packing()) {
      add(
          "  packing: the samples of a logical shard share rows of up to %s, %s a forward pass",
          counted(recipe.maxLength(), "token"), counted(micro, "row"));
    }
    add(
        "  %s per epoch%s, %s",
        counted(perEpoch, "step"),
        last == batch ? "" : " (last batch %s)".formatted(counted(last, "sample")),
        length(perEpoch));
    if (shards < recipe.logicalShards()) {
      add(
          "  note: logical_shards %d lowered to %d, the micro-batches of a full step",
          recipe.logicalShards(), shards);
    }
    if (plan.samples() < batch) {
      add("  note: the data has fewer samples than a batch, so every step takes all of them");
    }
  }

  private String length(long perEpoch) {
    String steps = counted(plan.totalSteps(), "step");
    return recipe.maxSteps().isPresent()
        ? "max_steps: %s = %.2f epochs".formatted(steps, (double) plan.totalSteps() / perEpoch)
        : "%s = %s".formatted(counted(recipe.numTrainEpochs(), "epoch"), steps);
  }

  private void adapters() {
    recipe
        .lora()
        .ifPresent(
            lora ->
                add(
                    "trained: LoRA adapters of rank %d, scaling %s (alpha %s / r), on %s; the model stays as it is",
                    lora.r(),
                    lora.scaling(),
                    lora.alpha(),
                    String.join(", ", lora.targetModules())));
  }

  private void learningRate() {
    long warmup = plan.lrWarmupSteps();
    String course =
        switch (recipe.lrSchedulerType()) {
          case CONSTANT -> "then constant";
          case LINEAR -> "then linear to 0 at step %d".formatted(plan.totalSteps());
          case COSINE -> "then cosine to 0 at step %d".formatted(plan.totalSteps());
        };
    String rise =
        warmup == 0
            ? "from %s".formatted(recipe.learningRate())
            : "up to %s over %s".formatted(recipe.learningRate(), counted(warmup, "step"));
    add("learning rate: %s, %s", rise, course);
    if (warmup >= plan.totalSteps()) {
      add(
          "  note: the warm-up is as long as the run, so the peak is never reached; lower warmup_steps or warmup_ratio");
    }
  }

  private void rewriting() {
    if (recipe.rewrite().isEmpty()) {
      add("rewriting: off");
      return;
    }
    Recipe.Rewrite rewrite = recipe.rewrite().get();
    CyclePlan cycles = plan.cycles().orElseThrow();
    if (cycles.count() == 0) {
      add(
          "rewriting: no rewrite cycle will fire: warm-up %d ≥ %s; set rewrite.warmup: 0.4 and rewrite.every: 0.3 (shares of the run), or rewrite: off",
          cycles.warmup(), counted(plan.totalSteps(), "step"));
      return;
    }
    add(
        "rewriting: %s, after %s; each takes up to %s, each with probability %s",
        counted(cycles.count(), "cycle"),
        steps(cycles),
        counted((long) Math.ceil(rewrite.fraction() * plan.samples()), "candidate"),
        rewrite.probability());
    List<CycleOutlook> outlooks = plan.outlooks();
    outlooks.stream().limit(OUTLOOKS_SHOWN).forEach(this::outlook);
    if (outlooks.size() > OUTLOOKS_SHOWN) {
      add("  … and so on for %d more", outlooks.size() - OUTLOOKS_SHOWN);
    }
    if (outlooks.stream().noneMatch(CycleOutlook::canAct)) {
      add(
          "  note: no rewrite can act in this run: no sample is both a candidate and visited again; train for more epochs, or rewrite: off");
    }
  }

  private static String steps(CyclePlan cycles) {
    long first = cycles.step(1);
    if (cycles.count() == 1) {
      return "step " + first;
    }
    long last = cycles.step((int) cycles.count());
    if (cycles.count() == 2) {
      return "steps %d and %d".formatted(first, last);
    }
    return cycles.count() == 3
        ? "steps %d, %d and %d".formatted(first, cycles.step(2), last)
        : "steps %d, %d, … %d".formatted(first, cycles.step(2), last);
  }

  private void outlook(CycleOutlook outlook) {
    int minVisits = recipe.rewrite().orElseThrow().minVisits();
    String after =
        "  after cycle %d (step %d): ".formatted(outlook.cycle(), outlook.committedSteps());
    if (outlook.eligible() == 0) {
      add(
          "%sit finds no candidate, as no sample has had %s (rewrite.min_visits) by then",
          after, counted(minVisits, "visit"));
      return;
    }
    add(
        "%s%s left; of %s with at least %s, %s visited again",
        after,
        counted(outlook.visitsLeft(), "sample visit"),
        counted(outlook.eligible(), "sample"),
        counted(minVisits, "visit"),
        outlook.visitedAgain() == 1 ? "all are" : percent(outlook.visitedAgain()) + " will be");
  }

  private void evaluation() {
    if (plan.evalSamples() == 0) {
      add("evaluation: none (no eval_file)");
      return;
    }
    add(
        "evaluation: %s at the start, %sat the end%s",
        counted(plan.evalSamples(), "held-out sample"),
        recipe.evalSteps().map(p -> every(p) + ", ").orElse(""),
        recipe
            .metricForBest()
            .map(m -> " and before every checkpoint; best by " + ValueType.spelling(m))
            .orElse(""));
  }

  private void checkpoints() {
    add(
        "checkpoints: %sat the end; %s kept",
        recipe.saveSteps().map(p -> every(p) + " and ").orElse(""),
        recipe.saveTotalLimit().map(n -> n + " are").orElse("all are"));
  }

  private String every(StepsOrShare period) {
    long steps = period.in(plan.totalSteps());
    return steps == 1 ? "after every step" : "every %s".formatted(counted(steps, "step"));
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  private static String counted(long count, String noun) {
    String plural = noun.endsWith("batch") ? noun + "es" : noun + "s";
    return count + " " + (count == 1 ? noun : plural);
  }

  private void add(String format, Object... arguments) {
    lines.add(String.format(Locale.ROOT, format, arguments));
  }
}
