package io.akkord.deploy.cli;

import io.akkord.config.EffectiveRecipe;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.RunDescription;
import io.akkord.config.RunPlan;
import io.akkord.model.UserError;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizeOptions;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.layout.ParameterLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Reads a recipe and all it names, and says what a run would do. */
@Command(
    name = "recipe",
    mixinStandardHelpOptions = true,
    description =
        "Reads a recipe, its model's headers and its data, and says what train would do. Exit code 2 if train would refuse.")
final class DoctorRecipeCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RECIPE", description = "YAML file")
  private Path yaml;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "override a key of the recipe, e.g. --set cadft.beta=0.5")
  private List<String> sets = List.of();

  @Spec private CommandSpec spec;
  private Findings findings;

  @Override
  public Integer call() throws IOException {
    findings = new Findings(spec.commandLine().getOut());
    try {
      EffectiveRecipe effective = RecipeReader.read(yaml, sets);
      findings.ok("recipe %s is valid", yaml);
      model(effective.recipe());
      output(effective.recipe().outputDir());
      data(effective);
    } catch (UserError e) {
      findings.fail(e.getMessage());
    }
    return findings.failed() ? ExitCode.USAGE : ExitCode.OK;
  }

  private void model(Recipe recipe) {
    try {
      HfFolder folder = HfFolder.open(recipe.modelNameOrPath());
      folder.require(ParameterLayout.shapes(folder.config()));
      long parameters = ParameterLayout.of(folder.config()).trainable();
      findings.ok(
          "model %s: %s, %,d parameters, all tensors present",
          recipe.modelNameOrPath(), folder.config().architecture(), parameters);
      recipe
          .lora()
          .ifPresent(
              lora ->
                  findings.ok(
                      "lora: %,d parameters are trained",
                      ParameterLayout.of(folder.config(), recipe.lora()).trainable()));
      if (recipe.maxLength() > folder.config().maxPositionEmbeddings()) {
        findings.warn(
            "max_length %d is beyond the model's max_position_embeddings %d",
            recipe.maxLength(), folder.config().maxPositionEmbeddings());
      }
    } catch (UserError e) {
      findings.fail(e.getMessage());
    }
  }

  private void output(Path folder) throws IOException {
    if (RunRecord.isRun(folder)) {
      findings.warn(
          "output_dir %s holds a run already: train goes on with it only with --resume", folder);
    } else if (Files.exists(folder) && !isEmptyFolder(folder)) {
      findings.fail("output_dir %s is not empty; choose another output_dir", folder);
    } else if (!isWritable(folder)) {
      findings.fail("output_dir %s cannot be written; choose another output_dir", folder);
    } else {
      findings.ok("output_dir %s is free", folder);
    }
  }

  private static boolean isEmptyFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    }
  }

  private static boolean isWritable(Path folder) {
    Path existing = folder;
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    return existing != null && Files.isDirectory(existing) && Files.isWritable(existing);
  }

  private void data(EffectiveRecipe effective) throws IOException {
    Recipe recipe = effective.recipe();
    int train = samples(recipe, recipe.trainFile());
    int eval = recipe.evalFile().isPresent() ? samples(recipe, recipe.evalFile().get()) : 0;
    if (train > 0 && eval >= 0) {
      RunDescription.lines(effective, RunPlan.of(recipe, train, eval)).forEach(this::describe);
    }
  }

  private void describe(String line) {
    if (line.strip().startsWith("note: ")) {
      findings.warn("%s", line);
    } else {
      findings.ok("%s", line);
    }
  }

  /** Samples of a data file as a run would take them; -1 if it would refuse it. */
  private int samples(Recipe recipe, Path file) throws IOException {
    TokenizeOptions options =
        new TokenizeOptions(
            recipe.maxLength(), TokenizeOptions.TooLong.valueOf(recipe.tooLong().name()), true);
    Path cache = Files.createTempFile("akkord-", ".tokens");
    try (TokenFile tokens =
        TokenFile.build(
            file, recipe.modelNameOrPath(), options, cache, note -> findings.warn("%s", note))) {
      findings.ok(
          "%s: %d samples, %,d target tokens", file, tokens.size(), tokens.report().targetTokens());
      return tokens.size();
    } catch (UserError e) {
      findings.fail(
          "%s%n(akkord doctor data %s --model %s looks through the whole file)",
          e.getMessage(), file, recipe.modelNameOrPath());
      return -1;
    } finally {
      Files.deleteIfExists(cache);
    }
  }
}
