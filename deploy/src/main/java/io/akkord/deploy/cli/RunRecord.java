package io.akkord.deploy.cli;

import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerVisit;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.model.UserError;
import io.akkord.model.data.TokenFile;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.model.objective.Objective;
import io.akkord.model.objective.StatsScope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

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
  private final TokenFile samples;
  private final TextTokenizer tokenizer;

  private RunRecord(
      Path folder,
      Recipe recipe,
      LedgerReader ledger,
      TokenFile samples,
      TextTokenizer tokenizerOrNull) {
    this.folder = folder;
    this.recipe = recipe;
    this.ledger = ledger;
    this.samples = samples;
    this.tokenizer = tokenizerOrNull;
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
    TokenFile samples = null;
    try {
      samples = samples(folder);
      return new RunRecord(folder, recipe, ledger, samples, tokenizer(folder, recipe));
    } catch (RuntimeException e) {
      ledger.close();
      if (samples != null) {
        samples.close();
      }
      throw e;
    }
  }

  private static TokenFile samples(Path folder) {
    Path file = folder.resolve(".tokens").resolve("train.tokens");
    if (!Files.isRegularFile(file)) {
      throw new UserError(
          "%s is missing, so the samples have no names and no text; akkord train RECIPE --resume writes it again"
              .formatted(file));
    }
    return TokenFile.open(file);
  }

  /** The run's own copy, which a finished run has; else the model's; else none: ids are shown. */
  private static TextTokenizer tokenizer(Path folder, Recipe recipe) {
    for (Path place : new Path[] {folder, recipe.modelNameOrPath()}) {
      if (Files.isRegularFile(place.resolve("tokenizer.json"))
          && Files.isRegularFile(place.resolve("config.json"))) {
        return TextTokenizer.open(place);
      }
    }
    return null;
  }

  Path folder() {
    return folder;
  }

  LedgerReader ledger() {
    return ledger;
  }

  TokenFile samples() {
    return samples;
  }

  /**
   * The index of a sample.
   *
   * @throws UserError if the run has no sample of that id
   */
  int index(String id) {
    return samples
        .indexOf(id)
        .orElseThrow(
            () ->
                new UserError(
                    "run %s has no sample with id '%s'; akkord ledger top --run %s lists ids"
                        .formatted(folder, id, folder)));
  }

  /**
   * The text of a completion behind its prompt. Both are decoded together, as a completion alone
   * would lose the space at its beginning.
   */
  String completion(int[] promptIds, int[] completionIds) {
    String prompt = text(promptIds);
    String whole = text(join(promptIds, completionIds));
    return whole.startsWith(prompt) ? whole.substring(prompt.length()) : text(completionIds);
  }

  /** Text of token ids, or the ids themselves where there is no tokenizer. */
  String text(int[] ids) {
    return tokenizer == null
        ? Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ", " ", ""))
        : tokenizer.decode(ids, true);
  }

  /** The weight a visit was trained with; empty where the ledger does not hold what it follows. */
  OptionalDouble weight(LedgerVisit visit) {
    Objective objective = recipe.objective();
    // The ledger has the statistics of the batch; those of each micro-batch are not kept.
    return objective.scope() == StatsScope.MICRO_BATCH
        ? OptionalDouble.empty()
        : OptionalDouble.of(objective.weight(visit.z()));
  }

  private static int[] join(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  @Override
  public void close() {
    ledger.close();
    samples.close();
    if (tokenizer != null) {
      tokenizer.close();
    }
  }
}
