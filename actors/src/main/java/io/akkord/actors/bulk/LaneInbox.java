package io.akkord.actors.bulk;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Holds arrived blocks for an actor, which is told their number only: bytes stay out of messages.
 * Blocks that arrive before the actor listens wait.
 */
public final class LaneInbox implements AutoCloseable {

  /** Told to the actor. */
  public record Arrived(BulkHeader header, long block) {}

  /** A block that must be released. */
  public record Block(BulkHeader header, ByteBuffer bytes, Runnable release) {}

  private final Bulk bulk;
  private final LaneAddress address;
  private final Map<Long, Block> blocks = new ConcurrentHashMap<>();
  private final AtomicLong nextBlock = new AtomicLong(1);
  private final Queue<Arrived> early = new ArrayDeque<>();
  private Consumer<Arrived> listener;

  /** Opens a lane of its own. */
  public LaneInbox(Bulk bulk) {
    this.bulk = bulk;
    this.address = bulk.open(this::onBlock);
  }

  private void onBlock(BulkHeader header, ByteBuffer bytes, Runnable release) {
    long number = nextBlock.getAndIncrement();
    blocks.put(number, new Block(header, bytes, release));
    tell(new Arrived(header, number));
  }

  private synchronized void tell(Arrived arrived) {
    if (listener == null) {
      early.add(arrived);
    } else {
      listener.accept(arrived);
    }
  }

  /** Where others send to. */
  public LaneAddress address() {
    return address;
  }

  /** From now on the listener hears of every block, of those that wait first. */
  public synchronized void listen(Consumer<Arrived> newListener) {
    listener = newListener;
    early.forEach(newListener);
    early.clear();
  }

  /** The block of a number; the taker releases it. */
  public Block take(long number) {
    return blocks.remove(number);
  }

  /** Releases a block that is not wanted. */
  public void refuse(long number) {
    Block block = blocks.remove(number);
    if (block != null) {
      block.release().run();
    }
  }

  /** Closes the lane and lets go of what was not taken. */
  @Override
  public void close() {
    bulk.close(address);
    blocks.keySet().forEach(this::refuse);
  }
}
