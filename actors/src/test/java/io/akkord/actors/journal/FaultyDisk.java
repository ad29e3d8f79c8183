package io.akkord.actors.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.h2.store.fs.FileBaseDefault;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;

/** The disk under H2: counts what is forced, and is full for as long as a test says so. */
public final class FaultyDisk extends FilePathWrapper {
  private static final String SCHEME = "faulty";
  private static final AtomicLong FORCES = new AtomicLong();
  private static volatile boolean full;

  static {
    FilePath.register(new FaultyDisk());
  }

  /** The journal of a run folder on this disk. */
  public static Journal open(Path runFolder) {
    full = false;
    return new Journal(H2Database.open(runFolder, SCHEME + ":"));
  }

  /** Whether a write fails for want of room. */
  public static void setFull(boolean now) {
    full = now;
  }

  /** How often a file was forced to disk. */
  public static long forces() {
    return FORCES.get();
  }

  @Override
  public String getScheme() {
    return SCHEME;
  }

  @Override
  public FileChannel open(String mode) throws IOException {
    return new Channel(super.open(mode));
  }

  private static final class Channel extends FileBaseDefault {
    private final FileChannel file;

    Channel(FileChannel file) {
      this.file = file;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return file.read(target, position);
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
      requireRoom();
      return file.write(source, position);
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    protected void implTruncate(long size) throws IOException {
      file.truncate(size);
    }

    @Override
    public void force(boolean metadata) throws IOException {
      FORCES.incrementAndGet();
      requireRoom();
      file.force(metadata);
    }

    @Override
    public synchronized FileLock tryLock(long position, long size, boolean shared)
        throws IOException {
      return file.tryLock(position, size, shared);
    }

    @Override
    protected void implCloseChannel() throws IOException {
      file.close();
    }

    private static void requireRoom() throws IOException {
      if (full) {
        throw new IOException("No space left on device");
      }
    }
  }
}
