package io.akkord.actors.content;

import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/** The lane of one process, whose blocks are counted and, where a test says so, lost. */
final class LossyBulk implements Bulk {
  final AtomicInteger sent = new AtomicInteger();
  final AtomicInteger most = new AtomicInteger();
  private final AtomicInteger underWay = new AtomicInteger();
  private final InJvmBulk lane = new InJvmBulk();
  private final Predicate<BulkHeader> lost;

  private BiConsumer<LaneAddress, BulkHeader> before = (to, header) -> {};

  LossyBulk(Predicate<BulkHeader> lost) {
    this.lost = lost;
  }

  /** What happens before every block is sent. */
  void before(BiConsumer<LaneAddress, BulkHeader> what) {
    before = what;
  }

  /** Sends a block that is neither counted nor lost. */
  CompletionStage<Void> slip(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
    return lane.send(to, header, bytes);
  }

  @Override
  public LaneAddress open(Receiver receiver) {
    return lane.open(receiver);
  }

  @Override
  public void close(LaneAddress address) {
    lane.close(address);
  }

  @Override
  public CompletionStage<Void> send(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
    before.accept(to, header);
    sent.incrementAndGet();
    if (lost.test(header)) {
      return new CompletableFuture<>(); // as a line that was cut: nobody hears of it
    }
    most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
    return lane.send(to, header, bytes).whenComplete((done, failure) -> underWay.decrementAndGet());
  }
}
