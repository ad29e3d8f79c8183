package io.akkord.actors.params;

import io.akkord.actors.bulk.LaneAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Who gets a slice's parameters, and who still reads them. Sends are counted one by one: a worker
 * may be sent a version twice, or come back while its old lane still reads.
 */
final class SliceReaders {
  private final Map<String, LaneAddress> lanes = new TreeMap<>();
  private final Map<Long, String> waitedFor = new HashMap<>();
  private final List<CompletableFuture<?>> reading = new ArrayList<>();
  private long sends;

  /** From now on a worker wants every version; false if it did already. */
  boolean admit(String worker, LaneAddress lane) {
    return !lane.equals(lanes.put(worker, lane));
  }

  /** A worker wants none any more and is not waited for. */
  void dismiss(String worker) {
    lanes.remove(worker);
    waitedFor.values().removeIf(worker::equals);
  }

  /** In the order of their names, which is the same in every JVM. */
  List<String> workers() {
    return List.copyOf(lanes.keySet());
  }

  LaneAddress lane(String worker) {
    return lanes.get(worker);
  }

  /**
   * Parameters are on their way to a worker.
   *
   * @param released completes when it has let go of them
   * @return number of the send
   */
  long sent(String worker, CompletionStage<Void> released) {
    reading.removeIf(CompletableFuture::isDone);
    reading.add(released.toCompletableFuture());
    waitedFor.put(++sends, worker);
    return sends;
  }

  /** A send has ended; false if it is not waited for. */
  boolean ended(long send) {
    return waitedFor.remove(send) != null;
  }

  /** Whether nobody who counts reads the weights, so that they may be written. */
  boolean haveLetGo() {
    return waitedFor.isEmpty();
  }

  /** Completes when nobody at all reads them. */
  CompletableFuture<Void> released() {
    return CompletableFuture.allOf(reading.toArray(CompletableFuture[]::new));
  }
}
