package io.akkord.actors.content;

import io.akkord.actors.content.ContentManifest.Entry;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Makes manifests from what lies on this host's disk. Reads every byte. */
final class ContentScan {
  /** What every worker opens. What is trained is not among it: it comes as parameter slices. */
  private static final Pattern MODEL_FILE =
      Pattern.compile(
          "config\\.json|generation_config\\.json|tokenizer.*\\.json|special_tokens_map\\.json"
              + "|added_tokens\\.json|vocab\\.json|merges\\.txt|tokenizer\\.model"
              + "|chat_template\\.jinja");

  private static final Pattern WEIGHTS =
      Pattern.compile(".*\\.safetensors|model\\.safetensors\\.index\\.json");

  private ContentScan() {}

  /**
   * The manifest of a model folder.
   *
   * @param weights whether its weights are wanted
   * @throws UserError if it is no model folder
   */
  static ContentManifest model(
      Path folder, boolean weights, ContentHashes hashes, LongConsumer progress) {
    if (!Files.isDirectory(folder)) {
      throw new UserError("model folder %s does not exist".formatted(folder));
    }
    try (Stream<Path> entries = Files.list(folder)) {
      List<String> names =
          entries
              .filter(Files::isRegularFile)
              .map(file -> file.getFileName().toString())
              .filter(
                  name ->
                      MODEL_FILE.matcher(name).matches()
                          || (weights && WEIGHTS.matcher(name).matches()))
              .sorted()
              .toList();
      if (!names.contains("config.json")) {
        throw new UserError("%s holds no config.json: not a model folder".formatted(folder));
      }
      return named(folder, names, hashes, progress);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** The manifest of some files of a folder. */
  static ContentManifest named(
      Path folder, List<String> names, ContentHashes hashes, LongConsumer progress)
      throws IOException {
    List<Entry> files = new ArrayList<>();
    for (String name : names) {
      Path file = folder.resolve(name);
      files.add(new Entry(name, Files.size(file), hashes.of(file, progress)));
    }
    return ContentManifest.of(folder.toAbsolutePath().normalize().toString(), files);
  }

  /**
   * A file of a folder with its links followed.
   *
   * @throws UserError if a link leads out of the folder; the blobs beside a folder of the Hugging
   *     Face cache, or of ours, belong to it
   */
  static Path locate(Path folder, String name) throws IOException {
    Path root = folder.toRealPath();
    Path file = root.resolve(name).toRealPath();
    if (!file.startsWith(root) && !file.startsWith(blobsOf(root))) {
      throw new UserError(
          "%s leads out of its folder, to %s: not offered to other hosts; put the file itself there"
              .formatted(folder.resolve(name), file));
    }
    return file;
  }

  private static Path blobsOf(Path root) {
    Path parent = root.getParent();
    boolean cache =
        parent != null
            && parent.getParent() != null
            && Set.of("snapshots", ContentStore.CONTENTS).contains(parent.getFileName().toString());
    return cache ? parent.getParent().resolve(ContentStore.BLOBS) : root;
  }
}
