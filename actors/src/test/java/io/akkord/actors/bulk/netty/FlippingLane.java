package io.akkord.actors.bulk.netty;

import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.LaneAddress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The lane of one JVM led over a real connection, through a wire that flips one bit after so many
 * bytes. What is connected anew after that is as two processes that were started again.
 */
public final class FlippingLane implements Bulk, AutoCloseable {
  private static final String BEHIND_THE_WIRE = "127.0.0.1";
  private static final String WIRE = "127.0.0.2";

  private final AtomicLong left;
  private final AtomicBoolean flipped = new AtomicBoolean();
  private final Map<String, Pair> pairs = new ConcurrentHashMap<>();
  private volatile PeerListener listener = (endpoint, reason) -> {};
  private volatile Pair now;

  private record Pair(NettyBulk here, NettyBulk there, ServerSocket wire) {}

  private FlippingLane(long after) {
    this.left = new AtomicLong(after);
  }

  /** A lane whose wire flips the bit after so many bytes. */
  public static FlippingLane open(long after) throws IOException {
    FlippingLane lane = new FlippingLane(after);
    lane.connect();
    return lane;
  }

  /** Whether it has happened. */
  public boolean flipped() {
    return flipped.get();
  }

  private void connect() throws IOException {
    Settings tcp = Settings.local("secret").withUnixSockets(false);
    NettyBulk there = NettyBulk.start(tcp.withAddress(BEHIND_THE_WIRE, 0, WIRE));
    NettyBulk here = NettyBulk.start(tcp);
    int port = Endpoint.parse(there.endpoint()).port();
    ServerSocket wire = new ServerSocket(port, 0, InetAddress.getByName(WIRE));
    here.watch(this::lost);
    now = new Pair(here, there, wire);
    pairs.put(there.endpoint(), now);
    daemon(() -> accept(wire, port));
  }

  private void lost(String endpoint, String reason) {
    try {
      connect();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    listener.onPeerLost(endpoint, reason);
  }

  private void accept(ServerSocket wire, int port) throws IOException {
    while (true) {
      Socket from = wire.accept();
      Socket to = new Socket(BEHIND_THE_WIRE, port);
      daemon(() -> pump(from, to, true));
      daemon(() -> pump(to, from, false));
    }
  }

  private void pump(Socket from, Socket to, boolean mayFlip) throws IOException {
    byte[] buffer = new byte[1 << 16];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        if (mayFlip && left.addAndGet(-read) <= 0 && flipped.compareAndSet(false, true)) {
          buffer[read / 2] ^= 0x10;
        }
        out.write(buffer, 0, read);
      }
    }
  }

  private interface Job {
    void run() throws IOException;
  }

  private static void daemon(Job job) {
    Thread thread =
        new Thread(
            () -> {
              try {
                job.run();
              } catch (IOException e) {
                // One side has closed: that is all that this wire tells the other.
              }
            },
            "wire");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void watch(PeerListener peers) {
    listener = peers;
  }

  @Override
  public LaneAddress open(Receiver receiver) {
    return now.there().open(receiver);
  }

  @Override
  public void close(LaneAddress lane) {
    pairs.get(lane.endpoint()).there().close(lane);
  }

  @Override
  public CompletionStage<Void> send(LaneAddress to, BulkHeader header, ByteBuffer bytes) {
    return pairs.get(to.endpoint()).here().send(to, header, bytes);
  }

  @Override
  public void close() throws IOException {
    for (Pair pair : pairs.values()) {
      pair.here().close();
      pair.there().close();
      pair.wire().close();
    }
  }
}
