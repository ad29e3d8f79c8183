package io.akkord.actors.bulk;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/** Moves tensor bytes. Heavy bytes never ride in actor messages. */
public interface Bulk {

  /** Takes blocks; called on any thread, must not block. */
  interface Receiver {
    /**
     * A block arrived.
     *
     * @param bytes read only, little endian, valid until released
     * @param release must be called once, when the bytes were copied or used up
     */
    void onBlock(BulkHeader header, ByteBuffer bytes, Runnable release);
  }

  /** Hears of processes that are gone; called on any thread, must not block. */
  interface PeerListener {
    /**
     * A process that was connected is gone without a goodbye. Called once for a process; what it
     * has not sent will not come.
     *
     * @param endpoint as in the addresses of its lanes
     */
    void onPeerLost(String endpoint, String reason);
  }

  /** From now on the listener hears of lost processes; inside one process there are none. */
  default void watch(PeerListener listener) {}

  /** Opens a lane; blocks that arrive go to the receiver. */
  LaneAddress open(Receiver receiver);

  /** Closes a lane; what is sent to it afterwards fails. */
  void close(LaneAddress lane);

  /**
   * Sends a block.
   *
   * @param bytes must not change until the stage completes
   * @return completes when the receiver has released the bytes, fails if the lane is gone
   */
  CompletionStage<Void> send(LaneAddress to, BulkHeader header, ByteBuffer bytes);
}
