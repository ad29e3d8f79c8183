package io.akkord.deploy.cli;

import com.typesafe.config.ConfigFactory;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The main job on shipped weights and data: a run of about a minute and a report that explains
 * itself.
 */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description =
        "Fine-tunes the shipped stories260K on stories mixed with foreign maths, and reports what the ledger found.")
final class DemoCommand implements Callable<Integer> {
  /** Every so many rows one is held out. */
  private static final int HELD_OUT_EVERY = 10;

  @Option(
      names = "--workers",
      defaultValue = "2",
      paramLabel = "N",
      description = "worker actors (default: ${DEFAULT-VALUE})")
  private int workers;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "where the run goes (default: runs/demo, or the next free name)")
  private Path output;

  @Mixin private DashboardFlags dashboard;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Path demo = Home.path().resolve("deploy/demo");
    Path run = output != null ? output : free(Path.of("runs"));
    Path recipe = prepare(demo, run);
    EffectiveRecipe effective = RecipeReader.read(recipe, List.of());
    var out = spec.commandLine().getOut();
    RunConsole console = new RunConsole(out, effective.recipe().loggingSteps());
    boolean finished =
        console
            .run(
                effective,
                Settings.read(ConfigFactory.load()),
                Math.max(1, workers),
                false,
                Set.of(),
                RunConsole.Place.HERE,
                dashboard)
            .finished();
    if (!finished) {
      return console.exitCode();
    }
    new DemoReport(effective.recipe(), recipe, console.evals()).print(out);
    return ExitCode.OK;
  }

  /** The first of runs/demo, runs/demo-2, … that is not there. */
  private static Path free(Path runs) {
    return IntStream.iterate(1, i -> i + 1)
        .mapToObj(i -> runs.resolve(i == 1 ? "demo" : "demo-" + i))
        .filter(path -> Files.notExists(path))
        .findFirst()
        .orElseThrow();
  }

  /**
   * Splits the shipped rows and writes the recipe beside the run, so that both can be used again by
   * hand.
   */
  private static Path prepare(Path demo, Path run) throws IOException {
    Path name = run.getFileName();
    if (name == null) {
      throw new UserError("--output is '" + run + "'; name a folder");
    }
    Path inputs = run.toAbsolutePath().resolveSibling(name + "-input");
    Files.createDirectories(inputs);
    List<String> rows = Files.readAllLines(demo.resolve("data/mixed_stories.jsonl"));
    Files.write(inputs.resolve("held_out.jsonl"), every(rows, true));
    Files.write(inputs.resolve("train.jsonl"), every(rows, false));
    Path recipe = inputs.resolve("demo.yaml");
    String paths =
        """
        model_name_or_path: "%s"
        train_file: train.jsonl
        eval_file: held_out.jsonl
        output_dir: "%s"
        """
            .formatted(demo.resolve("models/stories260K"), run.toAbsolutePath());
    Files.writeString(recipe, paths + Files.readString(demo.resolve("demo.yaml")));
    return recipe;
  }

  private static List<String> every(List<String> rows, boolean heldOut) {
    return IntStream.range(0, rows.size())
        .filter(i -> i % HELD_OUT_EVERY == 0 == heldOut)
        .mapToObj(rows::get)
        .toList();
  }
}
