package io.akkord.actors.bulk.netty;

import io.netty.buffer.ByteBuf;
import java.util.zip.CRC32C;

/**
 * What every frame begins with: 36 bytes, big endian.
 *
 * <pre>
 *  0 "AKB" and the type     4 length of the body     8 transfer      16 offset, or a number of bytes
 * 24 CRC-32C of the body   28 zero                  32 CRC-32C of the 32 bytes before
 * </pre>
 *
 * @param type what the body is
 * @param length bytes of the body
 * @param transfer number of the block on its connection, from 1; 0: none
 * @param offset where the body belongs in the block; of {@link Type#CREDIT}: how much may follow
 * @param bodyCrc CRC-32C of the body
 */
record Head(Type type, int length, long transfer, long offset, int bodyCrc) {
  /** Of the head itself. */
  static final int BYTES = 36;

  /** Most bytes of a block in one frame. */
  static final int CHUNK = 1 << 20;

  /**
   * What is sent and read at a time: small enough that the checksum finds the bytes in the cache
   * where the system call left them, or leaves them there for it.
   */
  static final int PIECE = 1 << 19;

  /** Most bytes of any other body. */
  static final int SMALL = 8 << 10;

  private static final int MAGIC = ('A' << 24) | ('K' << 16) | ('B' << 8);
  private static final int CRC_AT = 32;
  private static final Type[] TYPES = Type.values();

  /** What a frame is. The order is part of the protocol. */
  enum Type {
    /** Version, cluster token, endpoint, window: first in each direction. */
    HELLO,
    /** A block begins: lane, header, length. */
    OPEN,
    /** Bytes of the block. */
    DATA,
    /** The receiver took bytes off the wire. */
    CREDIT,
    /** The receiver is done with a block. */
    RELEASED,
    /** The receiver does not take a block; the body says why. */
    REFUSED,
    /** Still there. */
    ALIVE,
    /** The process ends in good order. */
    GOODBYE
  }

  /** Appends the 36 bytes. */
  void write(ByteBuf out) {
    int start = out.writerIndex();
    out.writeInt(MAGIC | type.ordinal());
    out.writeInt(length).writeLong(transfer).writeLong(offset).writeInt(bodyCrc).writeInt(0);
    out.writeInt(crc(out, start, CRC_AT));
  }

  /**
   * Reads 36 bytes.
   *
   * @throws BadFrameException if they are no head, or its numbers are out of bounds
   */
  static Head read(ByteBuf in) throws BadFrameException {
    int start = in.readerIndex();
    int word = in.readInt();
    if ((word & ~0xff) != MAGIC || (word & 0xff) >= TYPES.length) {
      throw new BadFrameException("not a frame of the bulk lane: begins with " + hex(word));
    }
    if (in.getInt(start + CRC_AT) != crc(in, start, CRC_AT)) {
      throw new BadFrameException("wrong checksum of a frame's head");
    }
    Type type = TYPES[word & 0xff];
    Head head = new Head(type, in.readInt(), in.readLong(), in.readLong(), in.readInt());
    int most = type == Type.DATA ? CHUNK : SMALL;
    if (head.length < 0 || head.length > most) {
      throw new BadFrameException(
          type + " of " + head.length + " bytes, 0 to " + most + " are allowed");
    }
    if (head.transfer < 0 || head.offset < 0) {
      throw new BadFrameException(
          type + " with transfer " + head.transfer + ", offset " + head.offset);
    }
    return head;
  }

  static int crc(ByteBuf bytes, int index, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.internalNioBuffer(index, length));
    return (int) crc.getValue();
  }

  private static String hex(int word) {
    return "0x%08x".formatted(word);
  }
}
