package io.akkord.deploy.bench;

import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.netty.NettyBulk;
import io.akkord.actors.bulk.netty.Settings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The bulk lane against bare blocking NIO sockets of the same kind that move the same bytes in
 * pieces of 1 MiB, measured in turn. Both ends are threads of this process.
 */
public final class BulkBench {
  private static final int BLOCK_BYTES = 64 << 20;

  /** Rounds until the compilers have come to rest. */
  private static final int WARM_UP = 4;

  private final int rounds;
  private final int blocks;
  private final Consumer<String> progress;

  /** What bytes go through. */
  public enum Way {
    UNIX,
    TCP,
    TLS
  }

  /**
   * Prepares a bench.
   *
   * @param rounds pairs of measurements; the median counts
   * @param blocks of 64 MiB per measurement
   */
  public BulkBench(int rounds, int blocks, Consumer<String> progress) {
    this.rounds = rounds;
    this.blocks = blocks;
    this.progress = progress;
  }

  /** GB/s (10^9 bytes) of one sender and one receiver; TLS is compared to plain TCP. */
  public Figure measure(Way way) throws Exception {
    Settings settings = Settings.local("bench").withUnixSockets(way == Way.UNIX);
    if (way == Way.TLS) {
      settings = BenchTls.add(settings);
    }
    ByteBuffer block = block();
    double[] ours = new double[rounds];
    double[] bare = new double[rounds];
    try (NettyBulk from = NettyBulk.start(settings);
        NettyBulk to = NettyBulk.start(settings);
        BareSockets sockets = BareSockets.open(way == Way.UNIX, block, blocks)) {
      LaneAddress lane = to.open((header, bytes, release) -> release.run());
      for (int round = 0; round < WARM_UP; round++) {
        lane(from, lane, block);
        sockets.seconds();
      }
      for (int round = 0; round < rounds; round++) {
        double bytes = (double) BLOCK_BYTES * blocks;
        ours[round] = bytes / lane(from, lane, block) / 1e9;
        bare[round] = bytes / sockets.seconds() / 1e9;
        progress.accept(
            "%s round %d of %d: %.2f GB/s, bare sockets %.2f"
                .formatted(way, round + 1, rounds, ours[round], bare[round]));
      }
      if (to.counts().receivedBytes() != (long) BLOCK_BYTES * blocks * (rounds + WARM_UP)) {
        throw new IOException("the blocks did not go through a socket");
      }
    }
    String name = "bulk_%s_64MiB_blocks".formatted(way.name().toLowerCase(Locale.ROOT));
    return Figure.paired(
        name,
        ours,
        "GB/s",
        bare,
        way == Way.UNIX ? "bare NIO, Unix, 1 MiB a call" : "bare NIO, TCP, 1 MiB a call");
  }

  private double lane(NettyBulk from, LaneAddress to, ByteBuffer block) throws Exception {
    long start = System.nanoTime();
    CompletableFuture<?>[] released = new CompletableFuture<?>[blocks];
    for (int i = 0; i < blocks; i++) {
      BulkHeader header =
          new BulkHeader("bench", 1, i, 0, BulkHeader.Kind.PARAMETERS, Dtype.BYTES, 0, 0, 0);
      released[i] = from.send(to, header, block).toCompletableFuture();
    }
    CompletableFuture.allOf(released).get(10, TimeUnit.MINUTES);
    return (System.nanoTime() - start) / 1e9;
  }

  private static ByteBuffer block() {
    ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
    SplittableRandom random = new SplittableRandom(1);
    while (block.hasRemaining()) {
      block.putLong(random.nextLong());
    }
    return block.flip();
  }
}
