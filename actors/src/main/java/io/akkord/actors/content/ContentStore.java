package io.akkord.actors.content;

import io.akkord.actors.content.ContentManifest.Entry;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * Files by their hash, shared by the processes of a host.
 *
 * <pre>
 * blobs/SHA256/file      verified before it got this name; lock and part beside it
 * contents/ID/NAME       links to blobs, or to a folder of the head that this host sees too
 * contents/ID.lock       held by whoever uses the content; its time is that of the last use
 * store.lock             shared while something is fetched, alone while something is removed
 * </pre>
 *
 * Links and not hard links: when a damaged blob is fetched again, every content has the good one.
 * Every method may take as long as reading the files it is about.
 */
public final class ContentStore {
  static final String BLOBS = "blobs";
  static final String CONTENTS = "contents";
  static final String BLOB = "file";
  private static final String LOCK = ".lock";

  /** Bytes that can still be written to the disk of a folder. */
  @FunctionalInterface
  public interface FreeSpace {
    /** In bytes. */
    long of(Path folder) throws IOException;
  }

  /**
   * What removing did.
   *
   * @param contents removed
   * @param freed bytes
   * @param left bytes that are still there
   */
  public record Pruned(int contents, long freed, long left) {}

  private final Path directory;
  private final FreeSpace freeSpace;
  private final boolean ignoreLocal;

  /** The store of these settings; its folder is created when it is needed. */
  public ContentStore(ContentSettings settings) {
    this(
        settings.cacheDir(),
        folder -> Files.getFileStore(folder).getUsableSpace(),
        settings.ignoreLocal());
  }

  /**
   * A store that is told how much space is left.
   *
   * @param ignoreLocal paths of the head are not looked at
   */
  public ContentStore(Path directory, FreeSpace freeSpace, boolean ignoreLocal) {
    this.directory = directory.toAbsolutePath().normalize();
    this.freeSpace = freeSpace;
    this.ignoreLocal = ignoreLocal;
  }

  /** Its folder. */
  Path directory() {
    return directory;
  }

  /**
   * The head's own folder, if this host sees it with the same bytes; nothing is written then.
   *
   * @param checked hears how many bytes more were read
   */
  Optional<Path> shared(ContentManifest manifest, LongConsumer checked) {
    Path source = Path.of(manifest.source());
    boolean here =
        !ignoreLocal
            && source.isAbsolute()
            && manifest.files().stream().allMatch(e -> hasSize(source.resolve(e.name()), e))
            && manifest.files().stream()
                .allMatch(e -> verified(source.resolve(e.name()), e, checked));
    return here ? Optional.of(source) : Optional.empty();
  }

  /** Keeps blobs from being removed; empty while somebody removes. */
  Optional<FileLocks.Hold> enter() throws IOException {
    Files.createDirectories(directory.resolve(BLOBS));
    Files.createDirectories(directory.resolve(CONTENTS));
    return FileLocks.tryShared(directory.resolve("store" + LOCK));
  }

  /** Keeps a content from being removed; empty while somebody removes it. */
  Optional<FileLocks.Hold> lease(String id) throws IOException {
    Path lock = directory.resolve(CONTENTS).resolve(id + LOCK);
    Optional<FileLocks.Hold> hold = FileLocks.tryShared(lock);
    if (hold.isPresent()) {
      Files.setLastModifiedTime(lock, FileTime.from(Instant.now()));
    }
    return hold;
  }

  private Path blobFolder(Entry entry) {
    return directory.resolve(BLOBS).resolve(entry.sha256());
  }

  /** The file with the right bytes on this host: in the store, or where the head has it. */
  Optional<Path> find(Entry entry, String source, LongConsumer checked) {
    if (verified(blob(entry), entry, checked)) {
      return Optional.of(blob(entry));
    }
    Path shared = Path.of(source).resolve(entry.name());
    boolean use = !ignoreLocal && shared.isAbsolute() && verified(shared, entry, checked);
    return use ? Optional.of(shared) : Optional.empty();
  }

  /** Where the bytes lie once they are verified. */
  Path blob(Entry entry) {
    return blobFolder(entry).resolve(BLOB);
  }

  private static boolean hasSize(Path file, Entry entry) {
    try {
      return Files.isRegularFile(file) && Files.size(file) == entry.size();
    } catch (IOException e) {
      return false; // unreadable for us, or gone meanwhile: it is fetched
    }
  }

  private static boolean verified(Path file, Entry entry, LongConsumer checked) {
    try {
      return hasSize(file, entry)
          && ContentHashes.OF_PROCESS.of(file, checked).equals(entry.sha256());
    } catch (IOException e) {
      return false; // as above
    }
  }

  /** Bytes still to be written for a file that is not here. */
  long missing(Entry entry, int chunkBytes) throws IOException {
    return entry.size() - BlobPart.bytesIn(blobFolder(entry), entry, chunkBytes);
  }

  /**
   * Checks that so many bytes can be written.
   *
   * @throws UserError if not
   */
  void requireSpace(ContentManifest manifest, long bytes) throws IOException {
    long free = freeSpace.of(directory);
    if (bytes > free) {
      throw new UserError(
          ("%s: %d bytes of %s must be fetched and %d bytes are free; free %d more, or set"
                  + " akkord.content.cache-dir to a larger disk")
              .formatted(directory, bytes, manifest.source(), free, bytes - free));
    }
  }

  /** A part of a blob to be written by the caller alone; empty if somebody else writes it. */
  Optional<BlobPart> begin(Entry entry, int chunkBytes) throws IOException {
    Path folder = blobFolder(entry);
    Optional<FileLocks.Hold> lock = FileLocks.tryAlone(folder.resolve("lock"));
    if (lock.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new BlobPart(folder, entry, chunkBytes, lock.get()));
    } catch (IOException | RuntimeException e) {
      lock.get().close();
      throw e;
    }
  }

  /** Changes while somebody writes the blob. */
  long progressMark(Entry entry) throws IOException {
    return BlobPart.progressMark(blobFolder(entry));
  }

  /** The folder of a content, whose names lead to these files. */
  Path assemble(ContentManifest manifest, Map<String, Path> files) throws IOException {
    Path folder = directory.resolve(CONTENTS).resolve(manifest.id());
    for (Entry entry : manifest.files()) {
      Path link = folder.resolve(entry.name());
      Path file = files.get(entry.name());
      Files.createDirectories(link.getParent());
      Path target = file.startsWith(directory) ? link.getParent().relativize(file) : file;
      Path fresh = folder.resolveSibling(manifest.id() + "." + UUID.randomUUID());
      Files.createSymbolicLink(fresh, target);
      Files.move(fresh, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
    force(folder);
    return folder;
  }

  /** Forces the names in a folder to disk. */
  static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Bytes in blobs and in parts of them. */
  public long bytes() {
    Path blobs = directory.resolve(BLOBS);
    if (!Files.isDirectory(blobs)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(blobs)) {
      return files.filter(Files::isRegularFile).mapToLong(ContentStore::size).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(blobs + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return 0; // a part that has just got its name
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Removes contents nobody uses, the least recently used first, until the store has at most so
   * many bytes.
   *
   * @throws UserError if something is being fetched into the store
   */
  public Pruned prune(long maxBytes) throws IOException {
    Files.createDirectories(directory.resolve(CONTENTS));
    try (FileLocks.Hold alone =
        FileLocks.tryAlone(directory.resolve("store" + LOCK))
            .orElseThrow(
                () ->
                    new UserError(
                        "%s: a fetch is under way, nothing was removed; try again when it is done"
                            .formatted(directory)))) {
      return new ContentPrune(directory, this::bytes).run(maxBytes);
    }
  }

  /** Least recently used first. */
  static Comparator<Path> byLastUse() {
    return Comparator.comparing(
        content -> {
          try {
            return Files.getLastModifiedTime(lockOf(content));
          } catch (IOException e) {
            return FileTime.fromMillis(0); // never leased
          }
        });
  }

  static Path lockOf(Path content) {
    return content.resolveSibling(content.getFileName() + LOCK);
  }
}
