package io.akkord.actors.bulk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The lane inside one process: the sender's own memory is what the receiver sees, without a copy.
 */
public final class InJvmBulk implements Bulk {
  private static final String ENDPOINT = "jvm";

  private final AtomicLong nextLane = new AtomicLong(1);
  private final Map<Long, Receiver> receivers = new ConcurrentHashMap<>();

  @Override
  public LaneAddress open(Receiver receiver) {
    long lane = nextLane.getAndIncrement();
    receivers.put(lane, receiver);
    return new LaneAddress(ENDPOINT, lane);
  }

  @Override
  public void close(LaneAddress lane) {
    receivers.remove(lane.lane());
  }

  @Override
  public CompletionStage<Void> send(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
    Receiver receiver = receivers.get(to.lane());
    if (receiver == null || !to.endpoint().equals(ENDPOINT)) {
      return CompletableFuture.failedFuture(new IOException("no lane " + to));
    }
    CompletableFuture<Void> released = new CompletableFuture<>();
    ByteBuffer view = bytes.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    receiver.onBlock(header, view, () -> released.complete(null));
    return released;
  }
}
