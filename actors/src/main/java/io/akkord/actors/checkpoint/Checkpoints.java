package io.akkord.actors.checkpoint;

import io.akkord.model.UserError;
import io.akkord.proto.CheckpointManifest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The checkpoints of an output folder. */
public final class Checkpoints {
  private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{1,18})");

  private Checkpoints() {}

  /** A folder that has the name of a checkpoint, and the steps it was made after. */
  public record Checkpoint(Path folder, long committedSteps) {}

  /** {@code checkpoint-<t>} of an output folder. */
  public static Path folder(Path outputDir, long committedSteps) {
    return outputDir.resolve("checkpoint-" + committedSteps);
  }

  /** Every folder with a checkpoint's name, newest first, complete or not. */
  public static List<Checkpoint> list(Path outputDir) {
    if (!Files.isDirectory(outputDir)) {
      return List.of();
    }
    try {
      return CheckpointFs.entries(outputDir).stream()
          .filter(Files::isDirectory)
          .map(Checkpoints::named)
          .flatMap(Optional::stream)
          .sorted(Comparator.comparingLong(Checkpoint::committedSteps).reversed())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Checkpoint> named(Path folder) {
    Matcher name = NAME.matcher(folder.getFileName().toString());
    return name.matches()
        ? Optional.of(new Checkpoint(folder, Long.parseLong(name.group(1))))
        : Optional.empty();
  }

  /** The newest checkpoint whose manifest is whole and whose files have the right sizes. */
  public static Optional<Checkpoint> newestComplete(Path outputDir) {
    return list(outputDir).stream()
        .filter(checkpoint -> incomplete(checkpoint.folder()).isEmpty())
        .findFirst();
  }

  /**
   * The newest checkpoint all of whose hashes match: what a resume starts from.
   *
   * @param passedOver is told of each newer one that was left, and why
   */
  public static Optional<Checkpoint> newestVerified(Path outputDir, Consumer<String> passedOver) {
    for (Checkpoint checkpoint : list(outputDir)) {
      Optional<String> fault = fault(checkpoint.folder());
      if (fault.isEmpty()) {
        return Optional.of(checkpoint);
      }
      passedOver.accept(checkpoint.folder() + " is passed over: " + fault.get());
    }
    return Optional.empty();
  }

  /**
   * Checks every file of a checkpoint against its manifest.
   *
   * @return the manifest
   * @throws UserError naming the first bad file, the hash expected and the hash found
   */
  public static CheckpointManifest verify(Path folder) {
    fault(folder)
        .ifPresent(
            fault -> {
              throw new UserError(fault + ". Resume from another checkpoint.");
            });
    return manifest(folder);
  }

  /** Reads a checkpoint's manifest without looking at its files. */
  public static CheckpointManifest manifest(Path folder) {
    try {
      return Manifests.read(folder);
    } catch (IOException e) {
      throw new UserError(
          folder + ": not a checkpoint (" + e.getMessage() + "). Name a checkpoint-N folder.", e);
    }
  }

  /** What keeps a folder from being complete, sizes only. */
  public static Optional<String> incomplete(Path folder) {
    return check(folder, false);
  }

  /** What is wrong with a folder, by hash: the first bad file, what was expected and found. */
  public static Optional<String> fault(Path folder) {
    return check(folder, true);
  }

  private static Optional<String> check(Path folder, boolean hashes) {
    try {
      for (CheckpointManifest.File expected : Manifests.read(folder).getFilesList()) {
        Path file = folder.resolve(expected.getName());
        if (!Files.isRegularFile(file)) {
          return Optional.of(file + ": missing");
        }
        if (Files.size(file) != expected.getBytes()) {
          return Optional.of(
              file + ": " + Files.size(file) + " bytes, expected " + expected.getBytes());
        }
        if (hashes) {
          String found = Manifests.sha256(file);
          if (!found.equals(expected.getSha256())) {
            return Optional.of(file + ": SHA-256 " + found + ", expected " + expected.getSha256());
          }
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(folder + ": " + e.getMessage());
    }
  }
}
