package io.akkord.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.proto.CheckpointManifest;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Reads every byte of every checkpoint of a run. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description =
        "Compares every file of every checkpoint with size and SHA-256 in its manifest, and says which one --resume would take. Exit code 1 if one is damaged, or there is none.")
final class CheckpointsVerifyCommand implements Callable<Integer> {
  private enum Format {
    TABLE,
    JSON
  }

  /**
   * One checkpoint.
   *
   * @param fault what is wrong with it; empty: nothing
   * @param resumed whether a resume would start from it
   */
  private record Verdict(
      Checkpoint checkpoint, Optional<String> fault, long bytes, String created, boolean resumed) {}

  @Parameters(arity = "0..1", paramLabel = "DIR", description = "the same as --run DIR")
  private Path folder;

  @Mixin private RunOptions run;

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table or json (one line per checkpoint; default: ${DEFAULT-VALUE})")
  private Format format;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws JsonProcessingException {
    Path output = run.folder(folder);
    PrintWriter out = spec.commandLine().getOut();
    List<Checkpoint> all = Checkpoints.list(output);
    boolean whole = true;
    boolean found = false;
    for (Checkpoint checkpoint : all) {
      Verdict verdict = verdict(checkpoint, !found);
      found |= verdict.resumed();
      whole &= verdict.fault().isEmpty();
      out.println(format == Format.JSON ? json(verdict) : line(verdict));
      out.flush();
    }
    if (!found) {
      spec.commandLine()
          .getErr()
          .println(
              all.isEmpty()
                  ? "akkord: %s has no checkpoint yet; --resume would begin at step 0"
                      .formatted(output)
                  : "akkord: no checkpoint of %s is whole; --resume would begin at step 0"
                      .formatted(output));
    }
    return whole && found ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private static Verdict verdict(Checkpoint checkpoint, boolean newest) {
    Optional<String> fault = Checkpoints.fault(checkpoint.folder());
    if (fault.isPresent()) {
      return new Verdict(checkpoint, fault, 0, "", false);
    }
    CheckpointManifest manifest = Checkpoints.manifest(checkpoint.folder());
    long bytes =
        manifest.getFilesList().stream().mapToLong(CheckpointManifest.File::getBytes).sum();
    return new Verdict(checkpoint, fault, bytes, manifest.getCreatedAt(), newest);
  }

  private static String line(Verdict verdict) {
    String name = verdict.checkpoint().folder().getFileName().toString();
    return verdict
        .fault()
        .map(fault -> "%-20s damaged  %s".formatted(name, fault))
        .orElseGet(
            () ->
                String.format(
                    Locale.ROOT,
                    "%-20s whole    %8.1f MB  %s%s",
                    name,
                    verdict.bytes() / 1e6,
                    verdict.created(),
                    verdict.resumed() ? "  <- --resume goes on from here" : ""));
  }

  private static String json(Verdict verdict) throws JsonProcessingException {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("folder", verdict.checkpoint().folder().toString());
    line.put("committed_steps", verdict.checkpoint().committedSteps());
    line.put("whole", verdict.fault().isEmpty());
    line.put("fault", verdict.fault().orElse(null));
    line.put("bytes", verdict.bytes());
    line.put("created_at", verdict.created());
    line.put("resumed", verdict.resumed());
    return new ObjectMapper().writeValueAsString(line);
  }
}
