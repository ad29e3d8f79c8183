package io.akkord.deploy.cli;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.run.RunResult;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a recipe. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Fine-tunes a model as a recipe says; interrupted, it goes on with --resume.")
final class TrainCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RECIPE", description = "YAML file")
  private Path recipe;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "override a key of the recipe, e.g. --set cadft.beta=0.5")
  private List<String> sets = List.of();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "worker processes (default: cores ÷ threads; the result does not depend on it)")
  private Integer workers;

  @Option(
      names = "--in-process",
      description = "workers in this JVM: starts faster, but one crash is everybody's")
  private boolean inProcess;

  @Option(
      names = "--bind",
      defaultValue = "127.0.0.1:0",
      paramLabel = "HOST:PORT",
      description = "where worker processes find the run (default: ${DEFAULT-VALUE})")
  private String bind;

  @Mixin private ResumeOptions resume;

  @Mixin private DashboardFlags dashboard;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    EffectiveRecipe effective;
    Settings settings;
    Bind address;
    try {
      address = inProcess ? null : Bind.parse(bind);
      effective = RecipeReader.read(recipe, sets);
      settings = Settings.read(ConfigFactory.load());
    } catch (UserError e) {
      spec.commandLine().getErr().println("akkord: " + e.getMessage());
      return ExitCode.USAGE;
    }
    if (workers != null && workers < 1) {
      spec.commandLine().getErr().println("akkord: --workers is " + workers + "; at least 1");
      return ExitCode.USAGE;
    }
    if (!resume.fit(spec.commandLine().getErr())) {
      return ExitCode.USAGE;
    }
    RunConsole console = new RunConsole(out, effective.recipe().loggingSteps());
    int count = workers(effective);
    RunConsole.Place place =
        address == null ? RunConsole.Place.HERE : console.processes(count, address);
    RunResult result =
        console.run(effective, settings, count, resume.resume, resume.anyway, place, dashboard);
    return result.finished() ? ExitCode.OK : console.exitCode();
  }

  private int workers(EffectiveRecipe effective) {
    if (workers != null) {
      return workers;
    }
    int cores = Runtime.getRuntime().availableProcessors();
    int threads = effective.recipe().threads();
    return Math.max(1, Math.min(cores / threads, effective.recipe().logicalShards()));
  }
}
