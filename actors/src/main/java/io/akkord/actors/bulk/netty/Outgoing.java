package io.akkord.actors.bulk.netty;

import io.akkord.actors.bulk.netty.Bodies.Hello;
import io.akkord.actors.bulk.netty.Head.Type;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;

/** A connection of ours: blocks go in order, at most a window of bytes ahead of the receiver. */
final class Outgoing extends Connection {
  private final Endpoint from;
  private final Endpoint to;
  private final EventLoop loop;
  private volatile Runnable forget = () -> {};
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final Queue<Transfer> queue = new ArrayDeque<>();
  private final Map<Long, Transfer> unreleased = new HashMap<>();
  private final CRC32C crc = new CRC32C();
  private Transfer current;
  private long lastNumber;
  private long window;
  private long credit;
  private boolean pumping;
  private String ended;

  /**
   * Not connected yet.
   *
   * @param loop where everything happens
   */
  Outgoing(Shared shared, EventLoop loop, Endpoint from, Endpoint to) {
    super(shared);
    this.loop = loop;
    this.from = from;
    this.to = to;
  }

  boolean ended() {
    return ended != null;
  }

  EventLoop loop() {
    return loop;
  }

  /** What to do when it has ended; before it is connected. */
  void whenEnded(Runnable then) {
    forget = then;
  }

  /** Completes when the peer has answered the hello. */
  CompletableFuture<Void> ready() {
    return ready;
  }

  /** Queues a block; on the event loop. */
  void send(Transfer transfer) {
    if (ended != null) {
      transfer.fail(from.toString(), to.toString(), ended);
      return;
    }
    queue.add(transfer);
    pump();
  }

  /** There is no connection; on the event loop. */
  void failed(String reason) {
    onEnd(reason);
  }

  /** The event loop has ended before the connection. */
  void closed() {
    onEnd("closed here");
  }

  /** The socket is connected. */
  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    super.handlerAdded(ctx);
    sayHello();
  }

  @Override
  void check(Hello hello) throws BadFrameException {
    if (!hello.endpoint().equals(to.text())) {
      throw new BadFrameException("another process answers there: " + hello.endpoint());
    }
  }

  @Override
  void onHello(Hello hello) throws BadFrameException {
    join();
    write(Type.ALIVE, 0, 0, out -> {});
    channel().flush();
    window = hello.window();
    credit = window;
    ready.complete(null);
    pump();
  }

  @Override
  ByteBuf roomFor(Head head) throws BadFrameException {
    if (head.type() == Type.DATA || head.type() == Type.OPEN) {
      throw new BadFrameException(head.type() + " from a receiver");
    }
    return null;
  }

  @Override
  void onFrame(Head head, ByteBuf body) throws BadFrameException {
    if (ended != null) {
      return;
    }
    switch (head.type()) {
      case CREDIT -> {
        if (head.offset() > window - credit) {
          throw new BadFrameException("credit of " + head.offset() + " bytes too much");
        }
        credit += head.offset();
        pump();
      }
      case RELEASED -> {
        Transfer done = unreleased.remove(head.transfer());
        if (done == null || !done.complete()) {
          throw new BadFrameException("released the unknown transfer " + head.transfer());
        }
        done.released.complete(null);
      }
      case REFUSED -> {
        Transfer gone = unreleased.remove(head.transfer());
        if (gone == null) {
          throw new BadFrameException("refused the unknown transfer " + head.transfer());
        }
        if (gone == current) {
          current = null;
        }
        gone.fail(from.toString(), to.toString(), "refused: " + Bodies.readReason(body));
        pump();
      }
      default -> throw new BadFrameException(head.type() + " from a receiver");
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    pump();
  }

  /** Sends while the window and the socket take bytes. */
  private void pump() {
    if (pumping || !joined()) {
      return;
    }
    pumping = true;
    try {
      while (ended == null && channel().isActive() && channel().isWritable() && step()) {
        channel().flush();
      }
    } finally {
      pumping = false;
    }
  }

  private boolean step() {
    if (current == null) {
      if (queue.isEmpty() || credit < Head.SMALL) {
        return false;
      }
      current = queue.remove();
      current.number = ++lastNumber;
      unreleased.put(current.number, current);
      write(Type.OPEN, current.number, 0, this::writeOpen);
    } else {
      int length = Math.min(Head.PIECE, current.bytes.remaining() - current.sent);
      if (credit < length) {
        return false;
      }
      writeChunk(length);
    }
    if (current.complete()) {
      current = null;
    }
    return true;
  }

  private void writeOpen(ByteBuf out) {
    int start = out.writerIndex();
    current.open.write(out);
    credit -= out.writerIndex() - start;
  }

  private void writeChunk(int length) {
    int at = current.bytes.position() + current.sent;
    crc.reset();
    crc.update(current.bytes.slice(at, length));
    ByteBuf head = channel().alloc().directBuffer(Head.BYTES, Head.BYTES);
    new Head(Type.DATA, length, current.number, current.sent, (int) crc.getValue()).write(head);
    channel().write(head, channel().voidPromise());
    channel()
        .write(Unpooled.wrappedBuffer(current.bytes.slice(at, length)), channel().voidPromise());
    current.sent += length;
    credit -= length;
    shared.counters().sent.add(length);
  }

  @Override
  void onLeave() {
    onEnd("closed here");
  }

  @Override
  void onEnd(String reason) {
    if (ended != null) {
      return;
    }
    ended = reason;
    forget.run();
    String why = !joined() ? "no connection: " + reason : reason;
    ready.completeExceptionally(new IOException("from " + from + " to " + to + ": " + why));
    unreleased.values().forEach(transfer -> transfer.fail(from.toString(), to.toString(), why));
    queue.forEach(transfer -> transfer.fail(from.toString(), to.toString(), why));
    unreleased.clear();
    queue.clear();
  }
}
