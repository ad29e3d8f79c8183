package io.akkord.actors.bulk.netty;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/**
 * What all connections of a process have in common.
 *
 * @param token UTF-8 of the cluster token
 * @param endpointText of this process
 * @param window bytes that may be on their way to this process, per connection
 * @param silence after which a peer that says nothing counts as lost
 */
record Shared(
    byte[] token,
    String endpointText,
    long window,
    Duration silence,
    Lanes lanes,
    Peers peers,
    ReceiveMemory memory,
    Counters counters) {

  /** Only ever go up. */
  static final class Counters {
    final LongAdder faults = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder sent = new LongAdder();
    final LongAdder received = new LongAdder();
  }
}
