package io.akkord.actors.security;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLException;

/**
 * Looks at the bytes of one incoming connection of Artery: its opening, and the length of every
 * frame. Artery itself believes any length: a negative one and one near 2^31 keep its thread busy
 * for ever, and a large one is collected in memory until there is none.
 */
final class FrameCheck {
  private static final byte[] OPENING = "AKKA".getBytes(StandardCharsets.US_ASCII);
  private static final int BEFORE_FRAMES = OPENING.length + 1; // and the number of the stream
  private static final int BITS = 8;

  private final int mostBytes;
  private long read;
  private int lengthBytes;
  private int length;
  private int left;

  /**
   * Of a connection of which nothing has been read.
   *
   * @param mostBytes of a frame
   */
  FrameCheck(int mostBytes) {
    this.mostBytes = mostBytes;
  }

  /**
   * Looks at the next bytes, from position to limit.
   *
   * @throws SSLException if no peer sends that
   */
  void read(ByteBuffer bytes) throws SSLException {
    while (bytes.hasRemaining()) {
      if (read < BEFORE_FRAMES) {
        opening(bytes.get());
      } else if (left > 0) {
        int passed = Math.min(left, bytes.remaining());
        bytes.position(bytes.position() + passed);
        left -= passed;
        read += passed;
      } else {
        length(bytes.get());
      }
    }
  }

  private void opening(byte next) throws SSLException {
    if (read < OPENING.length && next != OPENING[(int) read]) {
      throw new SSLException("it does not begin like a connection of Artery");
    }
    read++;
  }

  private void length(byte next) throws SSLException {
    length |= (next & 0xff) << (BITS * lengthBytes);
    lengthBytes++;
    read++;
    if (lengthBytes == Integer.BYTES) {
      if (length < 1 || length > mostBytes) {
        throw new SSLException(
            "a frame of %d bytes; 1 to %d are possible".formatted(length, mostBytes));
      }
      left = length;
      length = 0;
      lengthBytes = 0;
    }
  }
}
