package io.akkord.actors.bulk.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import java.util.function.Supplier;

/** Lets a socket read straight to where the bytes belong, so that they are copied once only. */
@SuppressWarnings("deprecation") // the base class's own Handle is
final class ExactReads extends DefaultMaxMessagesRecvByteBufAllocator {
  private static final int READS_PER_LOOP = 64;

  private final Supplier<ByteBuf> next;

  ExactReads(Supplier<ByteBuf> next) {
    super(READS_PER_LOOP);
    this.next = next;
  }

  @Override
  public Handle newHandle() {
    return new MaxMessageHandle() {
      @Override
      public int guess() {
        return Head.CHUNK;
      }

      @Override
      public ByteBuf allocate(ByteBufAllocator alloc) {
        return next.get();
      }
    };
  }
}
