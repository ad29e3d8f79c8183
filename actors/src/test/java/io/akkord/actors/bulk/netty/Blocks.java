package io.akkord.actors.bulk.netty;

import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.Dtype;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Blocks and who takes them. */
final class Blocks {
  static final Duration SOON = Duration.ofSeconds(30);

  private Blocks() {}

  /** What a receiver was given. */
  record Block(BulkHeader header, ByteBuffer bytes, Runnable release) {}

  /** Keeps what arrives. */
  static final class Keeper implements Bulk.Receiver {
    private final BlockingQueue<Block> arrived = new LinkedBlockingQueue<>();

    @Override
    public void onBlock(BulkHeader header, ByteBuffer bytes, Runnable release) {
      arrived.add(new Block(header, bytes, release));
    }

    Block next() throws InterruptedException {
      Block block = arrived.poll(SOON.toSeconds(), TimeUnit.SECONDS);
      if (block == null) {
        throw new AssertionError("no block within " + SOON);
      }
      return block;
    }

    int waiting() {
      return arrived.size();
    }
  }

  static BulkHeader header(long step) {
    return header(step, Dtype.BYTES);
  }

  static BulkHeader header(long step, Dtype dtype) {
    return new BulkHeader("run-ä", 2, step, 3, BulkHeader.Kind.GRADIENT, dtype, 4, 8, 1);
  }

  /** Direct memory with a content that depends on the seed. */
  static ByteBuffer random(int bytes, long seed) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
    SplittableRandom random = new SplittableRandom(seed);
    while (buffer.remaining() >= Long.BYTES) {
      buffer.putLong(random.nextLong());
    }
    while (buffer.hasRemaining()) {
      buffer.put((byte) random.nextInt());
    }
    return buffer.flip();
  }

  static <T> T await(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(SOON.toSeconds(), TimeUnit.SECONDS);
  }
}
