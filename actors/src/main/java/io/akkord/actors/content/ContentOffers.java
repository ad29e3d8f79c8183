package io.akkord.actors.content;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.LongConsumer;

/**
 * What this host offers to others. Not a message, so that nobody else can have a file offered. Any
 * thread may use it.
 */
public final class ContentOffers {
  private final ContentHashes hashes = new ContentHashes();
  private final Map<String, ContentManifest> offered = new ConcurrentHashMap<>();

  /**
   * Offers the files of a model folder, as soon as they are hashed.
   *
   * @param blockingIo does the reading
   * @param progress hears how many bytes more were read
   * @return fails with {@link io.akkord.model.UserError} if it is no model folder
   */
  public CompletionStage<ContentManifest> folder(
      Path folder, Executor blockingIo, LongConsumer progress) {
    return CompletableFuture.supplyAsync(
        () -> add(ContentScan.folder(folder, hashes, progress)), blockingIo);
  }

  /** Offers one file, for example a token cache. */
  public CompletionStage<ContentManifest> file(
      Path file, Executor blockingIo, LongConsumer progress) {
    Path absolute = file.toAbsolutePath();
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return add(
                ContentScan.named(
                    absolute.getParent(),
                    List.of(absolute.getFileName().toString()),
                    hashes,
                    progress));
          } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
          }
        },
        blockingIo);
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
