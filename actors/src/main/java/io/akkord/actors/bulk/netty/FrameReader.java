package io.akkord.actors.bulk.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.zip.CRC32C;

/**
 * Puts bytes of a connection where they belong: heads and small bodies into its own memory, bytes
 * of blocks straight into the block. Used on one thread.
 */
final class FrameReader {
  /** Takes frames. */
  interface Sink {
    /** A frame begins: where its body goes, or null: small, into the reader's own memory. */
    ByteBuf room(Head head) throws BadFrameException;

    /** The body is complete and its checksum right. */
    void frame(Head head, ByteBuf body) throws BadFrameException;
  }

  private final Sink sink;
  private final ByteBuf headBytes = Unpooled.directBuffer(Head.BYTES, Head.BYTES);
  private final ByteBuf small = Unpooled.directBuffer(Head.SMALL, Head.SMALL);
  private final CRC32C crc = new CRC32C();
  private Head head;
  private ByteBuf target = headBytes;

  FrameReader(Sink sink) {
    this.sink = sink;
  }

  /** Where the next bytes go; always has room. */
  ByteBuf target() {
    return target;
  }

  /** Bytes from elsewhere. */
  void read(ByteBuf in) throws BadFrameException {
    while (in.isReadable()) {
      int count = Math.min(in.readableBytes(), target.writableBytes());
      in.readBytes(target, target.writerIndex(), count);
      wrote(count);
    }
  }

  /** That many bytes were put into the target. */
  void wrote(int count) throws BadFrameException {
    if (head != null) {
      crc.update(target.internalNioBuffer(target.writerIndex(), count));
    }
    target.writerIndex(target.writerIndex() + count);
    if (target.isWritable()) {
      return;
    }
    if (head == null) {
      head = Head.read(headBytes);
      ByteBuf room = sink.room(head);
      target = room != null ? room : small.clear().slice(0, head.length()).clear();
      crc.reset();
    }
    if (!target.isWritable()) {
      complete();
    }
  }

  private void complete() throws BadFrameException {
    if ((int) crc.getValue() != head.bodyCrc()) {
      throw new BadFrameException("wrong checksum of " + head.type() + " " + head.transfer());
    }
    Head done = head;
    ByteBuf body = target;
    head = null;
    target = headBytes.clear();
    sink.frame(done, body);
  }

  /** Lets go of the memory. */
  void close() {
    headBytes.release();
    small.release();
  }
}
