package io.akkord.actors.content;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this host offers to others. Not a message, so that nobody else can have a file offered. Any
 * thread may use it.
 */
public final class ContentOffers {
  private final Map<String, ContentManifest> offered = new ConcurrentHashMap<>();

  /**
   * Offers what a worker opens of a model folder: configuration and tokenizer, and the weights if
   * training leaves them as they are. Takes as long as reading it.
   *
   * @param weights whether a worker opens the weights as well
   * @throws io.akkord.model.UserError if it is no model folder
   */
  public ContentManifest model(Path folder, boolean weights) {
    return add(ContentScan.model(folder, weights, ContentHashes.OF_PROCESS, read -> {}));
  }

  /** Offers files of a folder, for example token caches. Takes as long as reading them. */
  public ContentManifest files(Path folder, List<String> names) {
    try {
      return add(ContentScan.named(folder, names, ContentHashes.OF_PROCESS, read -> {}));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "%s in %s cannot be read: %s".formatted(names, folder, e.getMessage()), e);
    }
  }

  /** Offers what another server of this host offered before. */
  public ContentManifest add(ContentManifest manifest) {
    offered.put(manifest.id(), manifest);
    return manifest;
  }

  /** Offers it no longer. */
  public void withdraw(String id) {
    offered.remove(id);
  }

  Optional<ContentManifest> find(String id) {
    return Optional.ofNullable(offered.get(id));
  }
}
