package io.akkord.actors.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.actors.disk.Durable;
import io.akkord.config.Recipe;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.UUID;
import java.util.stream.Stream;

/** A run's folder and identity: another run's folder is never taken over silently. */
final class OutputFolder {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String IDENTITY = "run.json";
  private static final String RECIPE = "effective-recipe.yaml";
  private static final int RANDOM_DIGITS = 12;

  private final Path folder;
  private final String runId;
  private final Durable disk;

  private OutputFolder(Path folder, String runId, Durable disk) {
    this.folder = folder;
    this.runId = runId;
    this.disk = disk;
  }

  /**
   * Takes the folder for a new run.
   *
   * @throws UserError if it holds anything, or cannot be written
   */
  static OutputFolder create(Recipe recipe, Durable disk) {
    Path folder = recipe.outputDir();
    try {
      Files.createDirectories(folder);
      if (Files.exists(folder.resolve(IDENTITY))) {
        throw new UserError(
            "output_dir %s holds run %s already; continue it with --resume, or choose another output_dir"
                .formatted(folder, read(folder).path("run_id").asText()));
      }
      try (Stream<Path> entries = Files.list(folder)) {
        if (entries.findAny().isPresent()) {
          throw new UserError(
              "output_dir %s is not empty and holds no run of Akkord; choose another output_dir"
                  .formatted(folder));
        }
      }
      String runId = runId(folder);
      ObjectNode identity = JSON.createObjectNode();
      identity.put("run_id", runId);
      identity.put("created_at", Instant.now().toString());
      OutputFolder output = new OutputFolder(folder, runId, disk);
      output.write(RECIPE, recipe.toYaml());
      output.write(IDENTITY, identity.toPrettyString() + "\n");
      return output;
    } catch (IOException e) {
      throw new UserError(
          "output_dir %s cannot be written (%s); make it writable or choose another"
              .formatted(folder, e),
          e);
    }
  }

  /** Runs of the same name may share a database; a bar sets the parts of a persistence id apart. */
  private static String runId(Path folder) {
    String random = UUID.randomUUID().toString().replace("-", "");
    return folder.getFileName().toString().replace('|', '_')
        + "-"
        + random.substring(0, RANDOM_DIGITS);
  }

  /**
   * Opens the folder of an earlier run.
   *
   * @throws UserError if it holds none
   */
  static OutputFolder resume(Recipe recipe, Durable disk) {
    Path folder = recipe.outputDir();
    if (!Files.isRegularFile(folder.resolve(IDENTITY))) {
      throw new UserError(
          "--resume: output_dir %s holds no run; start without --resume".formatted(folder));
    }
    if (!Files.isWritable(folder)) {
      throw new UserError("output_dir %s cannot be written".formatted(folder));
    }
    return new OutputFolder(folder, read(folder).path("run_id").asText(), disk);
  }

  private static JsonNode read(Path folder) {
    try {
      return JSON.readTree(folder.resolve(IDENTITY).toFile());
    } catch (IOException e) {
      throw new UserError(
          "%s cannot be read (%s)".formatted(folder.resolve(IDENTITY), e.getMessage()), e);
    }
  }

  private void write(String name, String text) throws IOException {
    disk.replace(folder.resolve(name), part -> Files.writeString(part, text));
  }

  /** What the run reads, as it was recorded; null if it had not come so far. */
  RunIdentity identity() {
    return RunIdentity.read(read(folder));
  }

  /**
   * Records what the run reads and by which recipe, from now on.
   *
   * @throws UserError if the folder cannot be written
   */
  void record(Recipe recipe, RunIdentity inputs) {
    try {
      ObjectNode json = read(folder).deepCopy();
      inputs.write(json);
      write(RECIPE, recipe.toYaml());
      write(IDENTITY, json.toPrettyString() + "\n");
    } catch (IOException e) {
      throw new UserError("output_dir %s cannot be written (%s)".formatted(folder, e), e);
    }
  }

  String runId() {
    return runId;
  }

  /** The recipe as the run recorded it. */
  Path recordedRecipe() {
    return folder.resolve(RECIPE);
  }

  /**
   * Takes back what {@link #create} and the reading of the inputs made: a run that never began
   * leaves nothing.
   */
  void remove() {
    try (Stream<Path> entries = Files.walk(folder)) {
      for (Path entry : entries.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    } catch (IOException e) {
      throw new UserError(
          "output_dir %s: what a run that never began left there cannot be removed (%s)"
              .formatted(folder, e),
          e);
    }
  }

  /**
   * Makes the folder itself loadable: the weights and configuration of a checkpoint, each file in
   * one move.
   */
  void publish(Path checkpoint) {
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        boolean own =
            name.startsWith("manifest.")
                || name.equals("optimizer.safetensors")
                || name.equals("ledger.bin");
        if (!own) {
          disk.replace(
              folder.resolve(name),
              part -> Files.copy(file, part, StandardCopyOption.REPLACE_EXISTING));
        }
      }
    } catch (IOException e) {
      throw new UserError(
          "the final model could not be copied from %s to %s: %s"
              .formatted(checkpoint, folder, e.getMessage()),
          e);
    }
  }
}
