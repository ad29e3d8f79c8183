package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.CheckpointContent.PathWriter;
import io.akkord.actors.checkpoint.CheckpointContent.Tensor;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.ledger.LedgerFile;
import io.akkord.model.UserError;
import io.akkord.model.hf.SafetensorsWriter;
import io.akkord.proto.CheckpointManifest;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes checkpoints so that a folder named {@code checkpoint-N} is whole whenever it is there:
 * files into a temporary folder, each forced; the manifest, forced; the folder, forced; rename; the
 * parent, forced; only then do older ones go.
 */
public final class CheckpointWriter {
  static final String OPTIMIZER = "optimizer.safetensors";
  static final String LEDGER = "ledger.bin";
  static final String REWRITES = "rewrites.jsonl";
  static final String TRAINER_STATE = "trainer_state.json";

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);

  /** Unfinished or unwanted folders: their names are no checkpoint's, so nobody loads them. */
  private static final String TEMPORARY = ".checkpoint-tmp-";

  /** With the steps and the attempt: one attempt's never is another's. */
  private static final Pattern UNFINISHED =
      Pattern.compile(Pattern.quote(TEMPORARY) + "\\d{1,18}-(\\d{1,18})");

  private static final String DISCARDED = ".checkpoint-old-";

  /** What a ledger is saved as until it is part of a checkpoint. */
  private static final Pattern WAITING_LEDGER = Pattern.compile("\\.ledger-(\\d{1,18})\\.bin");

  private final CheckpointFs fs;
  private final Clock clock;
  private final int saveTotalLimit;
  private final FreeSpace space;

  /** For the folder that nobody else has: it may go at any time. */
  private final CheckpointFs own;

  /**
   * A writer for one run.
   *
   * @param saveTotalLimit how many of the newest checkpoints to keep, besides the best; 0 keeps all
   * @param clock for the manifest
   * @param space asked before each checkpoint
   */
  public CheckpointWriter(int saveTotalLimit, Clock clock, FreeSpace space) {
    this(CheckpointFs.real(), saveTotalLimit, clock, space);
  }

  CheckpointWriter(int saveTotalLimit, Clock clock) {
    this(saveTotalLimit, clock, FreeSpace.real());
  }

  CheckpointWriter(CheckpointFs fs, int saveTotalLimit, Clock clock) {
    this(fs, saveTotalLimit, clock, FreeSpace.real());
  }

  CheckpointWriter(CheckpointFs fs, int saveTotalLimit, Clock clock, FreeSpace space) {
    this(fs, saveTotalLimit, clock, space, fs);
  }

  private CheckpointWriter(
      CheckpointFs fs, int saveTotalLimit, Clock clock, FreeSpace space, CheckpointFs own) {
    this.fs = fs;
    this.saveTotalLimit = saveTotalLimit;
    this.clock = clock;
    this.space = space;
    this.own = own;
  }

  /** The same writer, which writes nothing more when an attempt's time is over. */
  CheckpointWriter during(Tenure tenure) {
    return new CheckpointWriter(tenure.of(fs), saveTotalLimit, clock, space, fs);
  }

  /** Where the ledger's state waits for the checkpoint after so many steps. */
  public static Path waitingLedger(Path outputDir, long committedSteps) {
    return outputDir.resolve(".ledger-" + committedSteps + ".bin");
  }

  /**
   * Removes what a process that was killed has left of unfinished checkpoints.
   *
   * @throws UserError when the folder cannot be written
   */
  public static void clean(Path outputDir) {
    try {
      new CheckpointWriter(CheckpointFs.real(), 0, Clock.systemUTC())
          .removeLeftovers(outputDir, Long.MAX_VALUE, Long.MAX_VALUE);
    } catch (IOException e) {
      throw new UserError(
          "output_dir %s: an unfinished checkpoint cannot be removed (%s)".formatted(outputDir, e),
          e);
    }
  }

  /**
   * Writes one checkpoint and removes those beyond the limit. When the same steps of the same
   * recipe are there already, whole, they are kept: the same bits need no second writing.
   *
   * @param outputDir of the run; exists
   * @return the checkpoint's folder
   * @throws UserError when the disk cannot be written or is full
   */
  public Path write(Path outputDir, CheckpointContent content) {
    long steps = content.facts().getCommittedSteps();
    long attempt = content.facts().getAttempt();
    Path folder = Checkpoints.folder(outputDir, steps);
    Path temporary = outputDir.resolve(TEMPORARY + steps + "-" + attempt);
    try {
      fs.begin();
      removeLeftovers(outputDir, steps, attempt);
      if (!isThere(folder, content.facts())) {
        space.require(outputDir, content.bytes());
        fs.createFolder(temporary);
        fill(temporary, content);
        publish(outputDir, temporary, folder);
      }
      rotate(outputDir, content.facts());
      return folder;
    } catch (IOException e) {
      UserError error = notWritten(outputDir, content, e);
      discard(temporary);
      throw error;
    }
  }

  /** Gives the room back that half a checkpoint takes. */
  private void discard(Path temporary) {
    try {
      if (Files.exists(temporary)) {
        own.deleteAll(temporary);
      }
    } catch (IOException e) {
      LOG.warn("{} cannot be removed: {}", temporary, e.toString());
    }
  }

  /**
   * Ledgers of later steps wait for checkpoints that are still to be written, and a later attempt
   * may be writing one.
   */
  private void removeLeftovers(Path outputDir, long before, long attempt) throws IOException {
    for (Path entry : CheckpointFs.entries(outputDir)) {
      String name = entry.getFileName().toString();
      Matcher ledger = WAITING_LEDGER.matcher(name);
      boolean old = ledger.matches() && Long.parseLong(ledger.group(1)) < before;
      Matcher unfinished = UNFINISHED.matcher(name);
      boolean later = unfinished.matches() && Long.parseLong(unfinished.group(1)) > attempt;
      if (old || name.startsWith(TEMPORARY) && !later || name.startsWith(DISCARDED)) {
        fs.deleteAll(entry);
      }
    }
  }

  private static boolean isThere(Path folder, CheckpointManifest facts) {
    if (!Files.isDirectory(folder) || Checkpoints.fault(folder).isPresent()) {
      return false;
    }
    String found = Checkpoints.manifest(folder).getRecipeFingerprint();
    if (!found.equals(facts.getRecipeFingerprint())) {
      throw new UserError(
          folder
              + ": a checkpoint of another recipe is in the way. Choose another output_dir, or"
              + " move it away.");
    }
    return true;
  }

  private void fill(Path folder, CheckpointContent content) throws IOException {
    fs.write(folder, content.metadata());
    fs.write(folder.resolve(content.weightsFile()), file -> writeModel(file, content));
    fs.write(folder.resolve(OPTIMIZER), file -> writeOptimizer(file, content));
    fs.write(folder.resolve(LEDGER), content.ledger());
    PathWriter rewrites = file -> RewritesFile.write(file, LedgerFile.read(folder.resolve(LEDGER)));
    fs.write(folder.resolve(REWRITES), rewrites);
    fs.write(folder.resolve(TRAINER_STATE), text(content.trainerState()));
    for (Path file : CheckpointFs.entries(folder)) {
      fs.force(file);
    }
    CheckpointManifest manifest = manifest(folder, content);
    fs.write(folder.resolve(Manifests.JSON_FILE), text(Manifests.json(manifest)));
    fs.force(folder.resolve(Manifests.JSON_FILE));
    fs.write(folder.resolve(Manifests.FILE), file -> Files.write(file, manifest.toByteArray()));
    fs.force(folder.resolve(Manifests.FILE));
    fs.force(folder);
  }

  private void publish(Path outputDir, Path temporary, Path folder) throws IOException {
    if (Files.exists(folder)) {
      // Known to be damaged: nothing is lost if the machine stops between these two renames.
      fs.rename(folder, outputDir.resolve(DISCARDED + folder.getFileName()));
    }
    fs.rename(temporary, folder);
    fs.force(outputDir);
  }

  private void rotate(Path outputDir, CheckpointManifest facts) throws IOException {
    OptionalLong best =
        facts.hasBest()
            ? OptionalLong.of(facts.getBest().getCommittedSteps())
            : OptionalLong.empty();
    long verified = facts.getCommittedSteps();
    List<Checkpoint> complete = new ArrayList<>();
    List<Checkpoint> unwanted = new ArrayList<>();
    for (Checkpoint checkpoint : Checkpoints.list(outputDir)) {
      if (Checkpoints.incomplete(checkpoint.folder()).isEmpty()) {
        complete.add(checkpoint);
      } else if (saveTotalLimit > 0 && checkpoint.committedSteps() < verified) {
        // Half deleted when the power went, or damaged: nothing can be resumed from it.
        unwanted.add(checkpoint);
      }
    }
    unwanted.addAll(Rotation.surplus(complete, verified, best, saveTotalLimit));
    for (Checkpoint old : unwanted) {
      Path discarded = outputDir.resolve(DISCARDED + old.folder().getFileName());
      fs.rename(old.folder(), discarded);
      fs.deleteAll(discarded);
    }
    removeLeftovers(outputDir, verified, facts.getAttempt());
  }

  private CheckpointManifest manifest(Path folder, CheckpointContent content) throws IOException {
    CheckpointManifest.Builder manifest =
        content.facts().toBuilder()
            .setFormat(Manifests.FORMAT)
            .setMasterDtype(content.dtype().name())
            .setCreatedAt(clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
            .clearFiles();
    for (Path file : CheckpointFs.entries(folder)) {
      manifest
          .addFilesBuilder()
          .setName(file.getFileName().toString())
          .setBytes(Files.size(file))
          .setSha256(Manifests.sha256(file));
    }
    return Manifests.seal(manifest);
  }

  private static void writeModel(Path file, CheckpointContent content) throws IOException {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    addEntries(entries, "", content.weights(), content);
    // transformers refuses a file whose metadata does not name its format.
    SafetensorsWriter.write(file, entries, Map.of("format", "pt"));
  }

  private static void writeOptimizer(Path file, CheckpointContent content) throws IOException {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    addEntries(entries, CheckpointReader.FIRST_MOMENT, content.firstMoment(), content);
    addEntries(entries, CheckpointReader.SECOND_MOMENT, content.secondMoment(), content);
    SafetensorsWriter.write(file, entries, Map.of("format", "pt"));
  }

  private static void addEntries(
      List<SafetensorsWriter.Entry> entries,
      String prefix,
      FlatSource source,
      CheckpointContent content) {
    for (Tensor tensor : content.tensors()) {
      SafetensorsWriter.Source part =
          (from, dst) -> source.read(tensor.offset() + from, dst.order(ByteOrder.LITTLE_ENDIAN));
      entries.add(
          new SafetensorsWriter.Entry(
              prefix + tensor.name(), content.dtype().name(), tensor.shape(), part));
    }
  }

  private static PathWriter text(String text) {
    return file -> Files.writeString(file, text);
  }

  private UserError notWritten(Path outputDir, CheckpointContent content, IOException e) {
    if (e instanceof Tenure.Over) {
      return new UserError(
          "%s: checkpoint-%d is not written here: %s"
              .formatted(outputDir, content.facts().getCommittedSteps(), e.getMessage()),
          e);
    }
    return new UserError(
        String.format(
            "%s: checkpoint-%d cannot be written (%s): %s. Make room or mend the permissions; older"
                + " checkpoints are untouched, so `--resume` goes on from the newest.",
            outputDir,
            content.facts().getCommittedSteps(),
            e instanceof FreeSpace.TooLittle ? e.getMessage() : e,
            space.text(outputDir, content.bytes())),
        e);
  }
}
