package io.akkord.actors.content;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Locks between processes that also hold between the threads of one. The operating system drops a
 * lock when its process ends, however that ends.
 */
final class FileLocks {
  /**
   * By lock file. A process that closed a second channel to a locked file would lose its lock, so
   * there is one channel for all.
   */
  private static final Map<Path, Held> HELD = new HashMap<>();

  private FileLocks() {}

  /** A lock, until it is closed. */
  interface Hold extends Closeable {
    @Override
    void close();
  }

  private static final class Held {
    final FileChannel channel;
    final boolean shared;
    int holders;

    Held(FileChannel channel, boolean shared) {
      this.channel = channel;
      this.shared = shared;
    }
  }

  /** Together with other shared holders; empty if somebody has it alone. Does not wait. */
  static Optional<Hold> tryShared(Path file) throws IOException {
    return tryLock(file, true);
  }

  /** Alone; empty if anybody else has it. Does not wait. */
  static Optional<Hold> tryAlone(Path file) throws IOException {
    return tryLock(file, false);
  }

  private static Optional<Hold> tryLock(Path file, boolean shared) throws IOException {
    synchronized (HELD) {
      Files.createDirectories(file.getParent());
      Path key = file.getParent().toRealPath().resolve(file.getFileName());
      Held held = HELD.get(key);
      if (held == null) {
        held = open(key, shared);
        if (held == null) {
          return Optional.empty();
        }
        HELD.put(key, held);
      } else if (!shared || !held.shared) {
        return Optional.empty();
      }
      held.holders++;
      return Optional.of(new OneHold(key, held));
    }
  }

  private static Held open(Path key, boolean shared) throws IOException {
    FileChannel channel =
        FileChannel.open(
            key, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    FileLock lock;
    try {
      lock = channel.tryLock(0, Long.MAX_VALUE, shared);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    if (lock == null) {
      channel.close();
      return null;
    }
    return new Held(channel, shared);
  }

  private static final class OneHold implements Hold {
    private final Path key;
    private final Held held;
    private boolean closed;

    OneHold(Path key, Held held) {
      this.key = key;
      this.held = held;
    }

    @Override
    public void close() {
      synchronized (HELD) {
        if (closed) {
          return;
        }
        closed = true;
        held.holders--;
        if (held.holders == 0) {
          HELD.remove(key);
          try {
            held.channel.close();
          } catch (IOException e) {
            throw new UncheckedIOException("the lock " + key + " cannot be given back", e);
          }
        }
      }
    }
  }
}
