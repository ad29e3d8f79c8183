package io.akkord.actors.bulk.netty;

import io.akkord.actors.bulk.Bulk.Receiver;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The receivers of this process by lane number. */
final class Lanes {
  private final AtomicLong last = new AtomicLong();
  private final Map<Long, Receiver> receivers = new ConcurrentHashMap<>();

  long open(Receiver receiver) {
    long lane = last.incrementAndGet();
    receivers.put(lane, receiver);
    return lane;
  }

  void close(long lane) {
    receivers.remove(lane);
  }

  void closeAll() {
    receivers.clear();
  }

  /** Null when it is closed. */
  Receiver find(long lane) {
    return receivers.get(lane);
  }

  /** Whether there ever was such a lane. */
  boolean existed(long lane) {
    return lane > 0 && lane <= last.get();
  }
}
