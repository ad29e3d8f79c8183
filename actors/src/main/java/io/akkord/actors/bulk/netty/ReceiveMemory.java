package io.akkord.actors.bulk.netty;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Direct buffers for blocks that arrive, used again by size. When receivers sit on more than the
 * limit, connections hear of it and stop granting credit. Safe for use by many threads.
 */
final class ReceiveMemory {
  private static final int PAGE = 4096;

  private final long limit;
  private final Map<Integer, ArrayDeque<ByteBuffer>> idle = new HashMap<>();
  private final Set<Runnable> waiting = new LinkedHashSet<>();
  private long idleBytes;
  private long takenBytes;
  private long deliveredBytes;

  /**
   * Empty memory.
   *
   * @param limit most bytes that wait for their receivers before credit is withheld, and most that
   *     are kept for the next block
   */
  ReceiveMemory(long limit) {
    this.limit = limit;
  }

  /**
   * A buffer of at least that size, its content arbitrary.
   *
   * @throws OutOfMemoryError if there is no direct memory left
   */
  ByteBuffer take(int bytes) {
    int size = (int) Math.min(Integer.MAX_VALUE, ((long) bytes + PAGE - 1) / PAGE * PAGE);
    synchronized (this) {
      takenBytes += size;
      ArrayDeque<ByteBuffer> same = idle.get(size);
      if (same != null) {
        ByteBuffer buffer = same.pop();
        idleBytes -= size;
        if (same.isEmpty()) {
          idle.remove(size);
        }
        return buffer;
      }
    }
    try {
      return ByteBuffer.allocateDirect(size);
    } catch (OutOfMemoryError e) {
      synchronized (this) {
        takenBytes -= size;
        idle.clear();
        idleBytes = 0;
      }
      throw e;
    }
  }

  /** A buffer comes back. */
  synchronized void give(ByteBuffer buffer) {
    int size = buffer.capacity();
    takenBytes -= size;
    if (idleBytes + size > limit) {
      idle.clear();
      idleBytes = 0;
    }
    if (size > 0 && size <= limit) {
      idle.computeIfAbsent(size, s -> new ArrayDeque<>()).push(buffer.clear());
      idleBytes += size;
    }
  }

  /** A block now waits for its receiver. */
  synchronized void delivered(int bytes) {
    deliveredBytes += bytes;
  }

  /** The receiver is done with it. */
  void released(int bytes) {
    List<Runnable> resumed;
    synchronized (this) {
      deliveredBytes -= bytes;
      if (full() || waiting.isEmpty()) {
        return;
      }
      resumed = List.copyOf(waiting);
      waiting.clear();
    }
    resumed.forEach(Runnable::run);
  }

  /**
   * Whether receivers sit on too much; if so they are told once when that has changed.
   *
   * @param changed called on any thread
   */
  synchronized boolean fullUntil(Runnable changed) {
    if (full()) {
      waiting.add(changed);
      return true;
    }
    return false;
  }

  /** A connection is gone. */
  synchronized void forget(Runnable changed) {
    waiting.remove(changed);
  }

  /** Bytes of the buffers that are in use. */
  synchronized long taken() {
    return takenBytes;
  }

  private boolean full() {
    return deliveredBytes >= limit;
  }
}
