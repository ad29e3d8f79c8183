package io.akkord.actors.bulk.netty;

import io.akkord.actors.bulk.Bulk.Receiver;
import io.akkord.actors.bulk.netty.Bodies.Hello;
import io.akkord.actors.bulk.netty.Bodies.Open;
import io.akkord.actors.bulk.netty.Head.Type;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection that others opened: blocks come, credit and releases go back. */
final class Incoming extends Connection {
  private static final Logger LOG = LoggerFactory.getLogger(Incoming.class);

  private static final int GRANTS_PER_WINDOW = 16;

  private final Runnable grant = () -> onLoop(this::grantNow);

  private Open open;
  private ByteBuffer memory;
  private ByteBuf block;
  private ByteBuf discard;
  private boolean refused;
  private long transfer;
  private long received;
  private long owed;
  private boolean ended;

  Incoming(Shared shared) {
    super(shared);
  }

  @Override
  void check(Hello hello) throws BadFrameException {
    if (hello.endpoint().equals(shared.endpointText())) {
      throw new BadFrameException("says hello with this process's own endpoint");
    }
  }

  @Override
  void onHello(Hello hello) {
    sayHello();
  }

  @Override
  ByteBuf roomFor(Head head) throws BadFrameException {
    if (head.type() == Type.OPEN || head.type() == Type.DATA) {
      owed += head.length();
      if (owed > shared.window()) {
        throw new BadFrameException("more bytes than the window of " + shared.window() + " allows");
      }
    }
    if (head.type() != Type.DATA) {
      return null;
    }
    if (open == null || head.transfer() != transfer) {
      throw new BadFrameException("bytes of the unknown transfer " + head.transfer());
    }
    if (head.offset() != received
        || head.length() == 0
        || received + head.length() > open.total()) {
      throw new BadFrameException(
          "%d bytes at %d of a block of %d of which %d are here"
              .formatted(head.length(), head.offset(), open.total(), received));
    }
    if (refused) {
      discard = discard == null ? Unpooled.directBuffer(Head.CHUNK, Head.CHUNK) : discard;
      return discard.slice(0, head.length()).clear();
    }
    return block.slice((int) received, head.length()).clear();
  }

  @Override
  void onFrame(Head head, ByteBuf body) throws BadFrameException {
    switch (head.type()) {
      case OPEN -> onOpen(head, Open.read(body));
      case DATA -> {
        received += head.length();
        shared.counters().received.add(head.length());
      }
      default -> throw new BadFrameException(head.type() + " from a sender");
    }
    if (received == open.total()) {
      complete();
    }
    grantNow();
  }

  private void onOpen(Head head, Open opened) throws BadFrameException {
    if ((open != null && !refused) || head.transfer() <= transfer) {
      throw new BadFrameException("transfer " + head.transfer() + " after " + transfer);
    }
    if (!shared.lanes().existed(opened.lane())) {
      throw new BadFrameException("unknown lane " + opened.lane());
    }
    open = opened;
    transfer = head.transfer();
    received = 0;
    refused = false;
    if (shared.lanes().find(opened.lane()) == null) {
      refuse("lane " + opened.lane() + " is closed");
      return;
    }
    try {
      memory = shared.memory().take((int) opened.total());
      block = Unpooled.wrappedBuffer(memory);
    } catch (OutOfMemoryError e) {
      refuse("no direct memory for " + opened.total() + " bytes: " + e.getMessage());
    }
  }

  private void refuse(String reason) {
    LOG.info("refused {} of {}: {}", open.header(), name(), reason);
    refused = true;
    write(Type.REFUSED, transfer, 0, out -> Bodies.writeReason(out, reason));
    channel().flush();
  }

  private void complete() {
    Open done = open;
    open = null;
    if (refused) {
      return;
    }
    ByteBuffer taken = memory;
    memory = null;
    block = null;
    Receiver receiver = shared.lanes().find(done.lane());
    if (receiver == null) {
      shared.memory().give(taken);
      open = done;
      refuse("lane " + done.lane() + " is closed");
      open = null;
      return;
    }
    int total = (int) done.total();
    long number = transfer;
    shared.memory().delivered(total);
    AtomicBoolean once = new AtomicBoolean();
    ByteBuffer view = taken.slice(0, total).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    try {
      receiver.onBlock(
          done.header(), view, () -> release(once, taken, total, Type.RELEASED, number, ""));
    } catch (RuntimeException e) {
      LOG.error("the receiver of lane {} failed on {}", done.lane(), done.header(), e);
      release(once, taken, total, Type.REFUSED, number, "its receiver failed: " + e);
    }
  }

  private void release(
      AtomicBoolean once, ByteBuffer taken, int total, Type type, long number, String reason) {
    if (!once.compareAndSet(false, true)) {
      return;
    }
    shared.memory().give(taken);
    shared.memory().released(total);
    onLoop(
        () -> {
          if (!ended) {
            write(type, number, 0, out -> Bodies.writeReason(out, reason));
            channel().flush();
          }
        });
  }

  /** Credit goes back in larger sums while a block comes in. */
  private void grantNow() {
    long least = open == null ? 1 : shared.window() / GRANTS_PER_WINDOW;
    if (owed >= least && !ended && !shared.memory().fullUntil(grant)) {
      write(Type.CREDIT, 0, owed, out -> {});
      channel().flush();
      owed = 0;
    }
  }

  @Override
  void onLeave() {}

  @Override
  void onEnd(String reason) {
    ended = true;
    if (!joined()) {
      shared.counters().refused.increment();
      LOG.warn("refused a bulk connection with {}: {}", name(), reason);
    }
    shared.memory().forget(grant);
    if (memory != null) {
      shared.memory().give(memory);
      memory = null;
      block = null;
    }
    if (discard != null) {
      discard.release();
    }
  }
}
