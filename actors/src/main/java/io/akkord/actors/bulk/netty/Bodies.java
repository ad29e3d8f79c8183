package io.akkord.actors.bulk.netty;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.Dtype;
import io.netty.buffer.ByteBuf;
import java.security.MessageDigest;

/** What is inside the small frames: numbers big endian, texts as two bytes of length and UTF-8. */
final class Bodies {
  /** Changes when frames change. */
  static final int VERSION = 2;

  private static final int MOST_TEXT = 2048;

  private Bodies() {}

  /**
   * The first frame in each direction.
   *
   * @param token UTF-8
   * @param endpoint of who says hello
   * @param window bytes that may be on their way to it
   */
  record Hello(int version, byte[] token, String endpoint, long window) {
    void write(ByteBuf out) {
      out.writeInt(version);
      writeText(out, token);
      writeText(out, endpoint.getBytes(UTF_8));
      out.writeLong(window);
    }

    /**
     * Reads one of this version with this token.
     *
     * @throws BadFrameException if it has another
     */
    static Hello read(ByteBuf in, byte[] token) throws BadFrameException {
      int version = number(in, Integer.BYTES).readInt();
      if (version != VERSION) {
        throw new BadFrameException("protocol version " + version + ", this one is " + VERSION);
      }
      byte[] theirs = bytes(in);
      if (!MessageDigest.isEqual(theirs, token)) {
        throw new BadFrameException("wrong cluster token");
      }
      String endpoint = text(in);
      long window = number(in, Long.BYTES).readLong();
      if (window < Head.CHUNK + Head.SMALL) {
        throw new BadFrameException("window of " + window + " bytes");
      }
      end(in);
      return new Hello(version, theirs, endpoint, window);
    }
  }

  /**
   * A block begins.
   *
   * @param lane of the receiver
   * @param total bytes of the block
   */
  record Open(long lane, BulkHeader header, long total) {
    void write(ByteBuf out) {
      out.writeLong(lane).writeLong(total).writeByte(header.dtype().code());
      writeText(out, header.run().getBytes(UTF_8));
      out.writeLong(header.attempt()).writeLong(header.step()).writeLong(header.assignment());
      writeText(out, header.kind().name().getBytes(UTF_8));
      out.writeInt(header.lo()).writeInt(header.hi()).writeInt(header.slice());
    }

    static Open read(ByteBuf in) throws BadFrameException {
      number(in, Long.BYTES + Long.BYTES + 1);
      long lane = positive(in.readLong(), "lane");
      long total = positive(in.readLong(), "length");
      if (total > Integer.MAX_VALUE) {
        throw new BadFrameException("block of " + total + " bytes, a block ends at 2 GiB");
      }
      Dtype dtype = dtype(in.readByte());
      if (total % dtype.bytes() != 0) {
        throw new BadFrameException("block of " + total + " bytes of " + dtype);
      }
      String run = text(in);
      number(in, 3 * Long.BYTES);
      long attempt = positive(in.readLong(), "attempt");
      long step = positive(in.readLong(), "step");
      long assignment = positive(in.readLong(), "assignment");
      BulkHeader.Kind kind = kind(text(in));
      number(in, 3 * Integer.BYTES);
      int lo = (int) positive(in.readInt(), "lo");
      int hi = (int) positive(in.readInt(), "hi");
      int slice = (int) positive(in.readInt(), "slice");
      end(in);
      return new Open(
          lane, new BulkHeader(run, attempt, step, assignment, kind, dtype, lo, hi, slice), total);
    }

    private static Dtype dtype(int code) throws BadFrameException {
      return Dtype.of(code).orElseThrow(() -> new BadFrameException("unknown dtype code " + code));
    }

    /** What is wrong with it, so that it is not sent; null: nothing. */
    String flaw() {
      if (header.run().getBytes(UTF_8).length > MOST_TEXT) {
        return "the run's id is longer than " + MOST_TEXT + " bytes";
      }
      boolean negative =
          header.attempt() < 0
              || header.step() < 0
              || header.assignment() < 0
              || header.lo() < 0
              || header.hi() < 0
              || header.slice() < 0;
      if (negative) {
        return "a number of its header is negative";
      }
      return total % header.dtype().bytes() == 0
          ? null
          : total + " bytes are no numbers of " + header.dtype();
    }

    private static BulkHeader.Kind kind(String name) throws BadFrameException {
      for (BulkHeader.Kind kind : BulkHeader.Kind.values()) {
        if (kind.name().equals(name)) {
          return kind;
        }
      }
      throw new BadFrameException("unknown kind of block: " + name);
    }
  }

  /** A text alone, cut to what is allowed. */
  static void writeReason(ByteBuf out, String reason) {
    byte[] utf8 = reason.substring(0, Math.min(reason.length(), MOST_TEXT / 3)).getBytes(UTF_8);
    writeText(out, utf8);
  }

  /** A text alone. */
  static String readReason(ByteBuf in) throws BadFrameException {
    String reason = text(in);
    end(in);
    return reason;
  }

  private static void writeText(ByteBuf out, byte[] utf8) {
    out.writeShort(utf8.length).writeBytes(utf8);
  }

  private static String text(ByteBuf in) throws BadFrameException {
    return new String(bytes(in), UTF_8);
  }

  private static byte[] bytes(ByteBuf in) throws BadFrameException {
    int length = number(in, Short.BYTES).readUnsignedShort();
    if (length > MOST_TEXT) {
      throw new BadFrameException("text of " + length + " bytes");
    }
    byte[] bytes = new byte[length];
    number(in, length).readBytes(bytes);
    return bytes;
  }

  private static ByteBuf number(ByteBuf in, int bytes) throws BadFrameException {
    if (in.readableBytes() < bytes) {
      throw new BadFrameException("frame ends too early");
    }
    return in;
  }

  private static long positive(long value, String name) throws BadFrameException {
    if (value < 0) {
      throw new BadFrameException(name + " " + value + " of a block is negative");
    }
    return value;
  }

  private static void end(ByteBuf in) throws BadFrameException {
    if (in.isReadable()) {
      throw new BadFrameException(in.readableBytes() + " bytes too many in a frame");
    }
  }
}
