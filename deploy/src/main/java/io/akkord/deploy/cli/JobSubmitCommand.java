package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.config.RecipeReader;
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

/** Puts a recipe into a cluster's queue. */
@Command(
    name = "submit",
    mixinStandardHelpOptions = true,
    description = "Hands a recipe to the cluster and shows what it prints until it ends.")
final class JobSubmitCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RECIPE", description = "YAML file; its paths are the head's")
  private Path recipe;

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "override a key of the recipe")
  private List<String> sets = List.of();

  @Option(
      names = "--workers",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "begin when so many are there (default: ${DEFAULT-VALUE}); later ones take part from the next step on")
  private int workers;

  @Mixin private ResumeOptions resume;

  @Option(names = "--no-wait", description = "come back as soon as it is in the queue")
  private boolean noWait;

  @Mixin private JobAddress address;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (workers < 1) {
      spec.commandLine().getErr().println("akkord: --workers is " + workers + "; at least 1");
      return ExitCode.USAGE;
    }
    if (!resume.fit(spec.commandLine().getErr())) {
      return ExitCode.USAGE;
    }
    ControlClient client = address.client();
    ObjectNode wish = new ObjectMapper().createObjectNode();
    wish.put("source", String.valueOf(recipe.getFileName()));
    wish.put("recipe", RecipeReader.text(recipe));
    wish.put("folder", recipe.toAbsolutePath().getParent().toString());
    wish.put("directory", Path.of("").toAbsolutePath().toString());
    wish.put("workers", workers);
    wish.put("resume", resume.resume);
    resume.anyway.forEach(wish.withArray("resume_anyway")::add);
    sets.forEach(wish.withArray("sets")::add);
    JsonNode answer = client.post("jobs", wish);
    String id = answer.path("job").asText();
    out.println("Job '" + id + "' submitted successfully");
    out.println();
    out.println("Next steps");
    out.println("  See what it prints:   akkord job logs " + id);
    out.println("  Ask how it stands:    akkord job status " + id);
    out.println("  End and save it:      akkord job stop " + id);
    out.println();
    out.println("Results: " + answer.path("output_dir").asText());
    out.flush();
    if (noWait) {
      return ExitCode.OK;
    }
    out.println(
        "Tailing logs until the job exits (Ctrl-C leaves the job alone; --no-wait disables this):");
    out.flush();
    return new JobTail(address::client, out).follow(id);
  }
}
