package io.akkord.config;

import io.akkord.model.engine.WireDtype;
import io.akkord.model.objective.SampleWeight;
import io.akkord.model.objective.StatsScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the keys of a recipe say about one another. */
final class RecipeRules {
  /**
   * A contradiction.
   *
   * @param keys the keys it is about
   */
  record Contradiction(List<String> keys, String text) {}

  private final Recipe recipe;
  private final Map<String, Origin> origins;
  private final List<Contradiction> problems = new ArrayList<>();

  RecipeRules(Recipe recipe, Map<String, Origin> origins) {
    this.recipe = recipe;
    this.origins = origins;
  }

  /** Lets a given {@code warmup_steps} displace the default of {@code warmup_ratio}. */
  static void settle(Map<String, Object> values, Map<String, Origin> origins) {
    boolean steps = values.get("warmup_steps") instanceof Optional<?> o && o.isPresent();
    if (steps && origins.get("warmup_ratio").equals(Origin.DEFAULT)) {
      values.put("warmup_ratio", Optional.empty());
    }
  }

  List<Contradiction> problems() {
    batches();
    wire();
    warmup();
    weights();
    packing();
    evaluation();
    folders();
    return List.copyOf(problems);
  }

  private void batches() {
    if (recipe.microBatchSize() > recipe.globalBatchSize()) {
      contradiction(
          "found %d rows in a batch of %d samples, allowed: at most global_batch_size; lower micro_batch_size or raise global_batch_size"
              .formatted(recipe.microBatchSize(), recipe.globalBatchSize()),
          "micro_batch_size",
          "global_batch_size");
    }
  }

  private void wire() {
    if (recipe.dtype() == Dtype.FLOAT64 && recipe.wireDtype() == WireDtype.BFLOAT16) {
      contradiction(
          "found float64 computation, which is for exact checks, with gradients and parameters rounded to bfloat16; use wire_dtype: float32, or dtype: float32",
          "dtype",
          "wire_dtype");
    }
  }

  private void warmup() {
    if (recipe.warmupRatio().isPresent() && recipe.warmupSteps().isPresent()) {
      contradiction(
          "found both, allowed: one of them; drop one, or set it to null",
          "warmup_ratio",
          "warmup_steps");
    }
    if (recipe.warmupRatio().isEmpty() && recipe.warmupSteps().isEmpty()) {
      contradiction(
          "found null for both, allowed: one number; write warmup_steps: 0 for no warm-up",
          "warmup_ratio",
          "warmup_steps");
    }
  }

  private void weights() {
    if (recipe.sampleWeight() == SampleWeight.CADFT
        && recipe.cadft().statsScope() == StatsScope.MICRO_BATCH
        && recipe.microBatchSize() == 1) {
      contradiction(
          "found statistics over micro-batches of one sample, which give every sample weight 1; use cadft.stats_scope: global_batch, or sample_weight: none",
          "sample_weight",
          "cadft.stats_scope",
          "micro_batch_size");
    }
  }

  private void packing() {
    if (recipe.packing() && recipe.cadft().statsScope() == StatsScope.MICRO_BATCH) {
      contradiction(
          "found statistics over micro-batches that packing forms by length; use cadft.stats_scope: global_batch, or packing: false",
          "packing",
          "cadft.stats_scope");
    }
  }

  private void evaluation() {
    if (recipe.evalFile().isPresent()) {
      return;
    }
    if (recipe.metricForBest().isPresent()) {
      contradiction(
          "found a metric but nothing to measure it on; name an eval_file, or leave metric_for_best out",
          "metric_for_best",
          "eval_file");
    }
    if (recipe.evalSteps().isPresent()) {
      contradiction(
          "found a period but nothing to evaluate; name an eval_file, or leave eval_steps out",
          "eval_steps",
          "eval_file");
    }
  }

  private void folders() {
    if (recipe.outputDir().equals(recipe.modelNameOrPath())) {
      contradiction(
          "found the same folder twice, so that the run would write over its model; give another output_dir",
          "output_dir",
          "model_name_or_path");
    }
  }

  /** Decisions taken for the user that are no errors. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    recipe
        .maxSteps()
        .filter(steps -> given("num_train_epochs"))
        .ifPresent(
            steps ->
                notes.add(
                    "max_steps %d (%s) wins over num_train_epochs %d (%s)"
                        .formatted(
                            steps,
                            origins.get("max_steps"),
                            recipe.numTrainEpochs(),
                            origins.get("num_train_epochs"))));
    if (recipe.sampleWeight() == SampleWeight.CADFT) {
      weightNotes(notes);
    }
    return notes;
  }

  private void weightNotes(List<String> notes) {
    switch (recipe.cadft().statsScope()) {
      case MICRO_BATCH ->
          notes.add(
              "cadft.stats_scope micro_batch is an approximation for ablation: weights compare only the %d samples of a micro-batch%s"
                  .formatted(
                      recipe.microBatchSize(),
                      recipe.microBatchSize() == 2
                          ? ", so the worse of two always gets the same weight"
                          : ""));
      case PREVIOUS_STEP ->
          notes.add(
              "cadft.stats_scope previous_step is an approximation for ablation: weights compare with the step before");
      case GLOBAL_BATCH -> {
        if (recipe.globalBatchSize() == 1) {
          notes.add("global_batch_size 1: a batch of one sample always gives it weight 1");
        }
      }
    }
  }

  private boolean given(String key) {
    return !origins.get(key).equals(Origin.DEFAULT);
  }

  private void contradiction(String text, String... keys) {
    String where =
        Stream.of(keys).map(key -> origins.get(key) + " " + key).collect(Collectors.joining(", "));
    problems.add(new Contradiction(List.of(keys), where + ": " + text));
  }
}
