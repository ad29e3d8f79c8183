package io.akkord.actors.bulk.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.bulk.netty.Bodies.Open;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The lane between processes. Blocks of a receiver in this process are handed over as they are; to
 * others they go in chunks, through one connection per pair of processes and direction, from the
 * sender's memory into one buffer of the receiver.
 *
 * <p>A process that was lost stays lost: it is not talked to again, in either direction, until it
 * starts a lane anew.
 */
public final class NettyBulk implements Bulk, AutoCloseable {
  private static final Duration GOODBYE_WITHIN = Duration.ofSeconds(1);
  private static final int CLOSE_WITHIN_SECONDS = 5;

  private final EventLoopGroup group;
  private final Sockets sockets;
  private final Path socketFile;
  private final Endpoint endpoint;
  private final String endpointText;
  private final Lanes lanes = new Lanes();
  private final Shared shared;
  private final Map<String, Outgoing> outgoing = new ConcurrentHashMap<>();

  /**
   * What went through, since the start.
   *
   * @param sentBytes of blocks to other processes
   * @param receivedBytes of blocks from other processes
   * @param memoryBytes of buffers for received blocks that are in use now
   * @param refused connections that never said a right hello
   * @param faults connections that sent what no peer sends, these included if they said anything
   */
  public record Counts(
      long sentBytes, long receivedBytes, long memoryBytes, long refused, long faults) {}

  private NettyBulk(Settings settings) throws IOException {
    this.group =
        new MultiThreadIoEventLoopGroup(
            settings.threads(), new DefaultThreadFactory("bulk", true), NioIoHandler.newFactory());
    this.sockets = new Sockets(settings, group);
    Path file = settings.unixSockets() ? SocketFile.create() : null;
    int port;
    try {
      port = sockets.listenTcp();
      if (file != null) {
        sockets.listenUnix(file);
      }
    } catch (IOException | RuntimeException e) {
      group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      if (file != null) {
        SocketFile.delete(file);
      }
      throw e;
    }
    this.socketFile = file;
    this.endpoint =
        new Endpoint(
            Endpoint.newProcess(),
            Endpoint.thisMachine(),
            publicHost(settings),
            port,
            file == null ? "" : file.toString());
    this.endpointText = endpoint.text();
    this.shared =
        new Shared(
            settings.token().getBytes(UTF_8),
            endpointText,
            settings.windowBytes(),
            settings.silence(),
            lanes,
            new Peers(),
            new ReceiveMemory(settings.unreleasedBytes()),
            new Shared.Counters());
    sockets.accept(shared);
  }

  /**
   * Listens.
   *
   * @throws IOException if the address cannot be listened on
   */
  public static NettyBulk start(Settings settings) throws IOException {
    return new NettyBulk(settings);
  }

  private static String publicHost(Settings settings) throws IOException {
    if (settings.publicHost() != null) {
      return settings.publicHost();
    }
    boolean any = new InetSocketAddress(settings.host(), 0).getAddress().isAnyLocalAddress();
    return any ? InetAddress.getLocalHost().getHostAddress() : settings.host();
  }

  /** This process as others name it. */
  public String endpoint() {
    return endpointText;
  }

  /** What went through. */
  public Counts counts() {
    return new Counts(
        shared.counters().sent.sum(),
        shared.counters().received.sum(),
        shared.memory().taken(),
        shared.counters().refused.sum(),
        shared.counters().faults.sum());
  }

  @Override
  public void watch(PeerListener listener) {
    shared.peers().watch(listener);
  }

  @Override
  public LaneAddress open(Receiver receiver) {
    return new LaneAddress(endpointText, lanes.open(receiver));
  }

  @Override
  public void close(LaneAddress lane) {
    lanes.close(lane.lane());
  }

  /** Connects before there is something to send; completes when the peer has answered. */
  public CompletionStage<Void> connect(LaneAddress to) {
    if (to.endpoint().equals(endpointText)) {
      return CompletableFuture.completedFuture(null);
    }
    try {
      return connection(to.endpoint()).ready().copy();
    } catch (IOException | RejectedExecutionException e) {
      return CompletableFuture.failedFuture(failure(to, e));
    }
  }

  @Override
  public CompletionStage<Void> send(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
    if (to.endpoint().equals(endpointText)) {
      return handOver(to, header, bytes);
    }
    Transfer transfer = new Transfer(new Open(to.lane(), header, bytes.remaining()), bytes.slice());
    String flaw = transfer.open.flaw();
    if (flaw != null) {
      return CompletableFuture.failedFuture(new IOException("not sent: " + flaw + ": " + header));
    }
    try {
      Outgoing connection = connection(to.endpoint());
      connection.loop().execute(() -> connection.send(transfer));
      return transfer.released;
    } catch (IOException | RejectedExecutionException e) {
      return CompletableFuture.failedFuture(failure(to, e));
    }
  }

  private CompletionStage<Void> handOver(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
    Receiver receiver = lanes.find(to.lane());
    if (receiver == null) {
      return CompletableFuture.failedFuture(new IOException("no lane " + to));
    }
    CompletableFuture<Void> released = new CompletableFuture<>();
    ByteBuffer view = bytes.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    receiver.onBlock(header, view, () -> released.complete(null));
    return released;
  }

  private IOException failure(LaneAddress to, Exception why) {
    return new IOException(
        "from " + endpoint + " to lane " + to.lane() + " of " + to.endpoint() + ": " + why, why);
  }

  private Outgoing connection(String to) throws IOException {
    Outgoing known = outgoing.get(to);
    if (known != null) {
      return known;
    }
    Endpoint peer = Endpoint.parse(to);
    String lost = shared.peers().whyLost(to);
    if (lost != null) {
      throw new IOException("the process was lost before: " + lost);
    }
    EventLoop loop = group.next();
    Outgoing made = new Outgoing(shared, loop, endpoint, peer);
    Outgoing other = outgoing.putIfAbsent(to, made);
    if (other != null) {
      return other;
    }
    made.whenEnded(() -> outgoing.remove(to, made));
    loop.execute(() -> sockets.connect(made, endpoint, peer));
    return made;
  }

  /**
   * Says goodbye to all peers and closes everything; what is not sent yet fails. Waits up to a few
   * seconds, so not to be called by a receiver or listener.
   */
  @Override
  public void close() {
    sockets.close();
    lanes.closeAll();
    List<Connection> connections = shared.peers().close();
    connections.forEach(Connection::leave);
    long end = System.nanoTime() + GOODBYE_WITHIN.toNanos();
    for (Connection connection : connections) {
      connection.channel().closeFuture().awaitUninterruptibly(end - System.nanoTime(), NANOSECONDS);
    }
    group
        .shutdownGracefully(0, CLOSE_WITHIN_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(CLOSE_WITHIN_SECONDS + 1, TimeUnit.SECONDS);
    outgoing.values().forEach(Outgoing::closed);
    if (socketFile != null) {
      SocketFile.delete(socketFile);
    }
  }
}
