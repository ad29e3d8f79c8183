package io.akkord.deploy.cli;

import io.akkord.actors.dashboard.SampleTexts;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerVisit;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.model.UserError;
import io.akkord.model.data.TokenFile;
import io.akkord.model.objective.Objective;
import io.akkord.model.objective.StatsScope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;

/**
 * What a run that is not going on has left behind: ledger, samples, recipe, and the tokenizer that
 * turns samples into text.
 */
final class RunRecord implements AutoCloseable {
  static final String IDENTITY = "run.json";
  private static final String RECIPE = "effective-recipe.yaml";

  private final Path folder;
  private final Recipe recipe;
  private final LedgerReader ledger;
  private final SampleTexts texts;

  private RunRecord(Path folder, Recipe recipe, LedgerReader ledger, SampleTexts texts) {
    this.folder = folder;
    this.recipe = recipe;
    this.ledger = ledger;
    this.texts = texts;
  }

  /** Whether a folder is the output folder of a run. */
  static boolean isRun(Path folder) {
    return Files.isRegularFile(folder.resolve(IDENTITY));
  }

  /**
   * Opens a run's record.
   *
   * @throws UserError when the folder holds no run, the run is still going or has not begun, or
   *     parts of it are missing
   */
  static RunRecord open(Path folder) {
    if (!isRun(folder)) {
      throw new UserError(
          "%s holds no run (it has no %s); name the output_dir of a run"
              .formatted(folder, IDENTITY));
    }
    Recipe recipe = RecipeReader.readRecorded(folder.resolve(RECIPE));
    LedgerReader ledger = LedgerReader.open(folder);
    try {
      return new RunRecord(
          folder, recipe, ledger, SampleTexts.open(folder, recipe.modelNameOrPath()));
    } catch (RuntimeException e) {
      ledger.close();
      throw e;
    }
  }

  Path folder() {
    return folder;
  }

  LedgerReader ledger() {
    return ledger;
  }

  TokenFile samples() {
    return texts.samples();
  }

  /**
   * The index of a sample.
   *
   * @throws UserError if the run has no sample of that id
   */
  int index(String id) {
    return samples()
        .indexOf(id)
        .orElseThrow(
            () ->
                new UserError(
                    "run %s has no sample with id '%s'; akkord ledger top --run %s lists ids"
                        .formatted(folder, id, folder)));
  }

  /** The text of a completion behind its prompt. */
  String completion(int[] promptIds, int[] completionIds) {
    return texts.completion(promptIds, completionIds);
  }

  /** Text of token ids, or the ids themselves where there is no tokenizer. */
  String text(int[] ids) {
    return texts.text(ids);
  }

  /** The weight a visit was trained with; empty where the ledger does not hold what it follows. */
  OptionalDouble weight(LedgerVisit visit) {
    Objective objective = recipe.objective();
    // The ledger has the statistics of the batch; those of each micro-batch are not kept.
    return objective.scope() == StatsScope.MICRO_BATCH
        ? OptionalDouble.empty()
        : OptionalDouble.of(objective.weight(visit.z()));
  }

  @Override
  public void close() {
    ledger.close();
    texts.close();
  }
}
