package io.akkord.actors.content;

import io.akkord.actors.content.ContentManifest.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The disk's side of bringing one content into a store. Any thread may use it; what it holds is
 * given back when it is closed, whatever is still under way then.
 */
final class ContentSession implements AutoCloseable {

  /** How a file begins. */
  sealed interface Begin {}

  /** Nothing to do: its bytes are here. */
  record Here() implements Begin {}

  /** To be fetched by this session; {@code before} are the chunks that are here. */
  record Fetch(BitSet before) implements Begin {}

  /** Another session fetches it; {@code mark} changes as long as that goes on. */
  record Elsewhere(long mark) implements Begin {}

  private final ContentStore store;
  private final ContentManifest manifest;
  private final int chunkBytes;
  private final Map<Integer, BlobPart> parts = new ConcurrentHashMap<>();
  private final Map<String, Path> found = new ConcurrentHashMap<>();
  private final List<FileLocks.Hold> leases = new ArrayList<>();
  private final AtomicLong checked = new AtomicLong();
  private FileLocks.Hold entered;
  private boolean closed;

  ContentSession(ContentStore store, ContentManifest manifest, int chunkBytes) {
    this.store = store;
    this.manifest = manifest;
    this.chunkBytes = chunkBytes;
  }

  /**
   * Looks what is here; the rest must fit on the disk.
   *
   * @return bytes to be fetched; empty while somebody removes from the store
   */
  OptionalLong survey() throws IOException {
    if (!enter()) {
      return OptionalLong.empty();
    }
    long missing = 0;
    for (Entry entry : manifest.files()) {
      Optional<Path> file = store.find(entry, manifest.source(), checked::addAndGet);
      if (file.isPresent()) {
        found.put(entry.name(), file.get());
      } else {
        missing += store.missing(entry, chunkBytes);
      }
    }
    if (missing > 0) {
      store.requireSpace(manifest, missing);
    }
    return OptionalLong.of(missing);
  }

  private synchronized boolean enter() throws IOException {
    if (closed) {
      return false;
    }
    if (entered == null) {
      entered = store.enter().orElse(null);
    }
    if (entered != null && leases.isEmpty()) {
      store.lease(manifest.id()).ifPresent(leases::add);
    }
    return entered != null && !leases.isEmpty();
  }

  /** The folder of the store. */
  Path cache() {
    return store.directory();
  }

  /** Bytes read so far to compute hashes. */
  long checked() {
    return checked.get();
  }

  /** Whether the survey found the file. */
  boolean has(int file) {
    return found.containsKey(manifest.files().get(file).name());
  }

  /** Opens a file for writing, if it is still missing and nobody else has it. */
  Begin begin(int file) throws IOException {
    Entry entry = manifest.files().get(file);
    Optional<BlobPart> part = store.begin(entry, chunkBytes);
    if (part.isEmpty()) {
      return new Elsewhere(store.progressMark(entry));
    }
    // Somebody may have finished it between the survey and the lock.
    Optional<Path> done = store.find(entry, manifest.source(), checked::addAndGet);
    if (done.isPresent() || !keep(file, part.get())) {
      part.get().close();
      done.ifPresent(path -> found.put(entry.name(), path));
      return new Here();
    }
    return new Fetch(part.get().before());
  }

  private synchronized boolean keep(int file, BlobPart part) {
    if (!closed) {
      parts.put(file, part);
    }
    return !closed;
  }

  /** Writes a chunk of a file that was begun. */
  void write(int file, int chunk, ByteBuffer bytes) throws IOException {
    BlobPart part = parts.get(file);
    if (part != null) {
      part.write(chunk, bytes);
    }
  }

  /** Verifies a file; returns its hash if that is another one than the manifest's. */
  Optional<String> finish(int file) throws IOException {
    BlobPart part = parts.remove(file);
    if (part == null) {
      throw new IOException("the fetch was stopped");
    }
    Optional<String> other = part.finish(checked::addAndGet);
    Entry entry = manifest.files().get(file);
    if (other.isEmpty()) {
      found.put(entry.name(), store.blob(entry));
    }
    return other;
  }

  /** The folder; from now on only the content itself is kept from being removed. */
  Path assemble() throws IOException {
    Path folder = store.assemble(manifest, found);
    leave();
    return folder;
  }

  private synchronized void leave() {
    if (entered != null) {
      entered.close();
      entered = null;
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    parts
        .values()
        .forEach(
            part -> {
              try {
                part.close();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    parts.clear();
    leave();
    leases.forEach(FileLocks.Hold::close);
    leases.clear();
  }
}
