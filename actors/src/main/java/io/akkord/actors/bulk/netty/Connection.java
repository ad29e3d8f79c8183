package io.akkord.actors.bulk.netty;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.akkord.actors.bulk.netty.Bodies.Hello;
import io.akkord.actors.bulk.netty.Head.Type;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One socket: frames, hello, deadline, end. Everything but {@link #end} on its event loop. */
abstract class Connection extends ChannelInboundHandlerAdapter implements FrameReader.Sink {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

  /** What all connections of this process share. */
  final Shared shared;

  private final FrameReader reader = new FrameReader(this);
  private volatile Channel channel;
  private String remote;
  private ByteBuf lent;
  private Future<?> deadline;
  private String peer;
  private boolean joined;
  private boolean goodbye;
  private String why;

  Connection(Shared shared) {
    this.shared = shared;
  }

  /** The peer's hello came, its token is right: is it the one? */
  abstract void check(Hello hello) throws BadFrameException;

  /** The peer is known from now on; whoever hears second joins first. */
  abstract void onHello(Hello hello) throws BadFrameException;

  /** Any other frame but ALIVE and GOODBYE, after the hello. */
  abstract void onFrame(Head head, ByteBuf body) throws BadFrameException;

  /** Where the body goes; see {@link FrameReader.Sink#room}. */
  abstract ByteBuf roomFor(Head head) throws BadFrameException;

  /** This process has said goodbye. */
  abstract void onLeave();

  /** The connection has ended. */
  abstract void onEnd(String reason);

  final Channel channel() {
    return channel;
  }

  /** The peer's endpoint; null before its hello. */
  final String peer() {
    return peer;
  }

  /** For {@link ExactReads}. */
  final ByteBuf nextRead() {
    ByteBuf target = reader.target();
    int length = Math.min(Head.PIECE, target.writableBytes());
    lent = target.retainedSlice(target.writerIndex(), length).clear();
    return lent;
  }

  /** The hello is due within that time from now; on the event loop. */
  final void startDeadline(EventLoop loop, Duration time) {
    deadline = loop.schedule(() -> late("no hello within " + time), time.toMillis(), MILLISECONDS);
  }

  private void late(String reason) {
    if (channel == null) {
      onEnd(reason);
    } else {
      end(reason);
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    channel = ctx.channel();
    remote = String.valueOf(channel.remoteAddress());
    shared.peers().opened(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (why != null) {
        return;
      }
      if (in == lent) {
        reader.wrote(in.readableBytes());
      } else {
        reader.read(in);
      }
    } catch (BadFrameException e) {
      fault(e.getMessage());
    } finally {
      in.release();
    }
  }

  @Override
  public final ByteBuf room(Head head) throws BadFrameException {
    if (peer == null && head.type() != Type.HELLO) {
      throw new BadFrameException(head.type() + " before the hello");
    }
    return roomFor(head);
  }

  @Override
  public final void frame(Head head, ByteBuf body) throws BadFrameException {
    if (head.type() == Type.HELLO) {
      hello(Hello.read(body, shared.token()));
      return;
    }
    if (!joined) {
      join();
    }
    switch (head.type()) {
      case ALIVE -> {}
      case GOODBYE -> {
        goodbye = true;
        end("the process ended in good order");
      }
      default -> onFrame(head, body);
    }
  }

  private void hello(Hello hello) throws BadFrameException {
    if (peer != null) {
      throw new BadFrameException("a second hello");
    }
    check(hello);
    if (shared.peers().whyLost(hello.endpoint()) != null) {
      throw new BadFrameException("lost before: " + hello.endpoint());
    }
    peer = hello.endpoint();
    onHello(hello);
  }

  /** Both have said hello and know it: from now on the end of the connection is a loss. */
  final void join() throws BadFrameException {
    if (!shared.peers().joined(peer, this)) {
      throw new BadFrameException("lost before: " + peer);
    }
    joined = true;
    deadline.cancel(false);
  }

  final boolean joined() {
    return joined;
  }

  /** Sends a small frame. */
  final void write(Type type, long transfer, long offset, Consumer<ByteBuf> body) {
    ByteBuf out = channel.alloc().directBuffer(Head.BYTES + 128);
    out.writerIndex(Head.BYTES);
    body.accept(out);
    int end = out.writerIndex();
    int length = end - Head.BYTES;
    int crc = Head.crc(out, Head.BYTES, length);
    out.writerIndex(0);
    new Head(type, length, transfer, offset, crc).write(out);
    out.writerIndex(end);
    channel.write(out, channel.voidPromise());
  }

  /** Says hello. */
  final void sayHello() {
    Hello hello = new Hello(Bodies.VERSION, shared.token(), shared.endpointText(), shared.window());
    write(Type.HELLO, 0, 0, hello::write);
    channel.flush();
  }

  /** The peer does what no peer does. */
  private void fault(String reason) {
    shared.counters().faults.increment();
    end(reason);
  }

  /** Ends it, from any thread. */
  final void end(String reason) {
    onLoop(
        () -> {
          why = why == null ? reason : why;
          channel.close();
        });
  }

  /** Says goodbye, from any thread; the peer closes, or the end of the event loop does. */
  final void leave() {
    onLoop(
        () -> {
          goodbye = true;
          if (peer == null) {
            end("closed here");
            return;
          }
          write(Type.GOODBYE, 0, 0, out -> {});
          channel.flush();
          onLeave();
        });
  }

  /** Runs a task on the event loop; does nothing when that has ended, since then all has. */
  final void onLoop(Runnable task) {
    if (channel.eventLoop().inEventLoop()) {
      task.run();
      return;
    }
    try {
      channel.eventLoop().execute(task);
    } catch (RejectedExecutionException e) {
      LOG.debug("the bulk lane is closed", e);
    }
  }

  final String name() {
    return (peer == null ? "a stranger" : peer) + " at " + remote;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent idle && joined) {
      if (idle.state() == IdleState.WRITER_IDLE) {
        write(Type.ALIVE, 0, 0, out -> {});
        channel.flush();
      } else {
        end("silent for " + shared.silence());
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    end(said(cause));
  }

  /** Netty's own text repeats what came in, and that may be a hello with the cluster's token. */
  private static String said(Throwable cause) {
    for (Throwable at = cause; at != null; at = at.getCause()) {
      if (at instanceof NotSslRecordException) {
        return "speaks without TLS, which is on here";
      }
    }
    return cause.toString();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    String reason = why == null ? "connection ended without a goodbye" : why;
    why = reason;
    if (deadline != null) {
      deadline.cancel(false);
    }
    shared.peers().ended(this);
    if (joined && goodbye) {
      shared.peers().left(peer, this);
    } else if (joined) {
      shared.peers().broke(peer, remote, reason);
    }
    onEnd(reason);
    reader.close();
  }
}
