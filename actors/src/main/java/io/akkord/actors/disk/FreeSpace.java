package io.akkord.actors.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Room on the disk under a folder, in numbers a person can act on. */
public final class FreeSpace {
  private static final int MEBI = 20;

  private final Usable usable;

  /** How many bytes may still be written below a folder. */
  @FunctionalInterface
  public interface Usable {
    /** The bytes; the folder exists. */
    long bytes(Path folder) throws IOException;
  }

  /** Less room than is needed; the message has both numbers. */
  public static final class TooLittle extends IOException {
    private static final long serialVersionUID = 1L;

    private TooLittle(String message) {
      super(message);
    }
  }

  /** Asks somebody else than the operating system. */
  public FreeSpace(Usable usable) {
    this.usable = usable;
  }

  /** As the operating system tells it. */
  public static FreeSpace real() {
    return new FreeSpace(folder -> Files.getFileStore(folder).getUsableSpace());
  }

  /**
   * Looks before something is written.
   *
   * @param needed bytes
   * @throws TooLittle when fewer are free
   */
  public void require(Path folder, long needed) throws IOException {
    if (usable.bytes(folder) < needed) {
      throw new TooLittle("too little room");
    }
  }

  /** What is needed and what is free, for a message. */
  public String text(Path folder, long needed) {
    return "about %s MB are needed, %s".formatted(megabytes(needed), free(folder));
  }

  private String free(Path folder) {
    try {
      return (usable.bytes(folder) >> MEBI) + " MB are free";
    } catch (IOException e) {
      return "what is free cannot be told (" + e + ")";
    }
  }

  /** Rounded up: nobody is told that 0 MB are needed. */
  private static long megabytes(long bytes) {
    return (bytes + (1L << MEBI) - 1) >> MEBI;
  }
}
