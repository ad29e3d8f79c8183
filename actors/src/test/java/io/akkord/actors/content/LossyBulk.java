package io.akkord.actors.content;

import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.InJvmBulk;
import io.akkord.actors.bulk.LaneAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** The lane of one process, whose blocks are counted and, where a test says so, lost. */
final class LossyBulk implements Bulk {
  final AtomicInteger sent = new AtomicInteger();
  final AtomicInteger most = new AtomicInteger();
  private final AtomicInteger underWay = new AtomicInteger();
  private final InJvmBulk lane = new InJvmBulk();
  private final Predicate<BulkHeader> lost;

  LossyBulk(Predicate<BulkHeader> lost) {
    this.lost = lost;
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
    sent.incrementAndGet();
    if (lost.test(header)) {
      return new CompletableFuture<>(); // as a line that was cut: nobody hears of it
    }
    most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
    return lane.send(to, header, bytes).whenComplete((done, failure) -> underWay.decrementAndGet());
  }
}
