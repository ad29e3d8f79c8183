package io.akkord.actors.content;

import io.akkord.actors.content.ContentManifest.Entry;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A blob on its way. The bytes are in {@code part}; {@code part.chunks} has the chunk size and a
 * byte for each chunk that was written, so that whoever comes next goes on from there. A map that
 * says more than the disk has (power loss) shows in the hash at the end.
 */
final class BlobPart implements Closeable {
  private static final String PART = "part";
  private static final String MAP = "part.chunks";

  private final Path folder;
  private final Entry entry;
  private final int chunkBytes;
  private final FileLocks.Hold lock;
  private final FileChannel part;
  private final FileChannel map;
  private final BitSet before = new BitSet();

  /** Opens what is there of a blob, or an empty one, under a lock that this part gives back. */
  BlobPart(Path folder, Entry entry, int chunkBytes, FileLocks.Hold lock) throws IOException {
    this.folder = folder;
    this.entry = entry;
    this.chunkBytes = chunkBytes;
    this.lock = lock;
    this.part = open(folder.resolve(PART));
    try {
      this.map = open(folder.resolve(MAP));
    } catch (IOException e) {
      part.close();
      throw e;
    }
    resume();
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** Bytes that a part of this folder has already; an estimate for the free space needed. */
  static long bytesIn(Path folder, Entry entry, int chunkBytes) throws IOException {
    Path map = folder.resolve(MAP);
    if (!Files.isRegularFile(map) || !Files.isRegularFile(folder.resolve(PART))) {
      return 0;
    }
    try (FileChannel channel = FileChannel.open(map, StandardOpenOption.READ)) {
      long bytes = (long) chunks(channel, entry, chunkBytes).cardinality() * chunkBytes;
      return Math.min(bytes, entry.size());
    }
  }

  /** What moves while somebody fetches the blob of this folder. */
  static long progressMark(Path folder) throws IOException {
    Path map = folder.resolve(MAP);
    return Files.exists(map) ? Files.getLastModifiedTime(map).toMillis() : 0;
  }

  private static BitSet chunks(FileChannel map, Entry entry, int chunkBytes) throws IOException {
    BitSet chunks = new BitSet();
    int count = count(entry, chunkBytes);
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES + count);
    while (bytes.hasRemaining() && map.read(bytes, bytes.position()) >= 0) {
      // until everything is read
    }
    if (bytes.hasRemaining() || map.size() != bytes.capacity() || bytes.getInt(0) != chunkBytes) {
      return chunks;
    }
    for (int i = 0; i < count; i++) {
      chunks.set(i, bytes.get(Integer.BYTES + i) == 1);
    }
    return chunks;
  }

  private static int count(Entry entry, int chunkBytes) {
    return Math.toIntExact((entry.size() + chunkBytes - 1) / chunkBytes);
  }

  private void resume() throws IOException {
    if (part.size() == entry.size()) {
      before.or(chunks(map, entry, chunkBytes));
    }
    if (before.isEmpty()) {
      startOver();
    }
  }

  private void startOver() throws IOException {
    part.truncate(0);
    map.truncate(0);
    if (entry.size() > 0) {
      writeAll(part, ByteBuffer.allocate(1), entry.size() - 1);
    }
    writeAll(
        map,
        ByteBuffer.allocate(Integer.BYTES + count(entry, chunkBytes)).putInt(0, chunkBytes),
        0);
  }

  /** Chunks that an earlier fetch has written. */
  BitSet before() {
    return (BitSet) before.clone();
  }

  /** Writes a chunk; several threads may write different ones. */
  void write(int chunk, ByteBuffer bytes) throws IOException {
    writeAll(part, bytes, (long) chunk * chunkBytes);
    writeAll(map, ByteBuffer.wrap(new byte[] {1}), Integer.BYTES + chunk);
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes, long from)
      throws IOException {
    long at = from;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  /**
   * Verifies the bytes and gives them their name, or drops them. Closes the part.
   *
   * @param checked hears how many bytes more were read
   * @return the hash they have, if it is another one
   */
  Optional<String> finish(LongConsumer checked) throws IOException {
    try {
      part.force(true);
      Path file = folder.resolve(PART);
      String hash = new ContentHashes().of(file, checked);
      boolean right = hash.equals(entry.sha256());
      if (right) {
        Files.move(
            file,
            folder.resolve(ContentStore.BLOB),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      } else {
        Files.delete(file);
      }
      Files.deleteIfExists(folder.resolve(MAP));
      ContentStore.force(folder);
      return right ? Optional.empty() : Optional.of(hash);
    } finally {
      close();
    }
  }

  @Override
  public void close() throws IOException {
    try (lock;
        part) {
      map.close();
    }
  }
}
