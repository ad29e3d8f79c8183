package io.akkord.deploy.cli;

import java.io.PrintWriter;
import java.util.Set;
import picocli.CommandLine.Option;

/** Whether a run goes on with what is in its output_dir, and with which differences. */
final class ResumeOptions {
  @Option(names = "--resume", description = "continue the run in output_dir")
  boolean resume;

  @Option(
      names = "--resume-anyway",
      paramLabel = "KEY",
      description =
          "with --resume: go on though this differs from the run in output_dir: a key of the recipe, data or model; may be repeated")
  Set<String> anyway = Set.of();

  /** Whether they go together; says so if not. */
  boolean fit(PrintWriter err) {
    if (!resume && !anyway.isEmpty()) {
      err.println("akkord: --resume-anyway goes with --resume only");
      return false;
    }
    return true;
  }
}
