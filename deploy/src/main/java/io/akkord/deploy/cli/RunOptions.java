package io.akkord.deploy.cli;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Which run a command looks at: the one named, else the newest under {@code runs/}. */
final class RunOptions {
  private static final Path RUNS = Path.of("runs");

  @Option(
      names = "--run",
      paramLabel = "DIR",
      description = "output folder of a run (default: the newest under runs/)")
  private Path named;

  /**
   * Opens the run's record.
   *
   * @param positional the folder as an argument without a name, or null
   */
  RunRecord open(Path positional) {
    return RunRecord.open(folder(positional));
  }

  /**
   * The folder of the run.
   *
   * @param positional the folder as an argument without a name, or null
   * @throws UserError if two are named, or none is and there is none
   */
  Path folder(Path positional) {
    if (positional != null && named != null && !positional.equals(named)) {
      throw new UserError(
          "two runs are named, %s and --run %s; name one".formatted(positional, named));
    }
    if (positional != null) {
      return positional;
    }
    return named != null ? named : newest(RUNS);
  }

  /**
   * The run that began last.
   *
   * @throws UserError if there is none
   */
  static Path newest(Path runs) {
    if (!Files.isDirectory(runs)) {
      throw none(runs);
    }
    try (Stream<Path> folders = Files.list(runs)) {
      Comparator<Path> byTime = Comparator.comparing(RunOptions::begun);
      return folders
          .filter(RunRecord::isRun)
          .max(byTime.thenComparing(Comparator.naturalOrder()))
          .orElseThrow(() -> none(runs));
    } catch (IOException e) {
      throw new UserError("%s cannot be read (%s); name a run with --run".formatted(runs, e), e);
    }
  }

  private static UserError none(Path runs) {
    return new UserError(
        "there is no run under %s; name the output_dir of a run with --run DIR"
            .formatted(runs.toAbsolutePath()));
  }

  private static FileTime begun(Path folder) {
    try {
      return Files.getLastModifiedTime(folder.resolve(RunRecord.IDENTITY));
    } catch (IOException e) {
      return FileTime.fromMillis(0);
    }
  }
}
