package io.akkord.deploy.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** The peer of the bulk lane: two threads and a blocking socket, 1 MiB a call. */
final class BareSockets implements AutoCloseable {
  private static final int PIECE = 1 << 20;
  private static final int KERNEL_BUFFER = 4 << 20;

  private final SocketChannel writer;
  private final SocketChannel reader;
  private final ByteBuffer block;
  private final ByteBuffer target;
  private final int blocks;

  private BareSockets(SocketChannel writer, SocketChannel reader, ByteBuffer block, int blocks) {
    this.writer = writer;
    this.reader = reader;
    this.block = block.duplicate();
    this.target = ByteBuffer.allocateDirect(block.capacity());
    this.blocks = blocks;
  }

  static BareSockets open(boolean unix, ByteBuffer block, int blocks) throws IOException {
    Path directory = Files.createTempDirectory("akkord-bench");
    Path file = directory.resolve("s");
    try (ServerSocketChannel server =
        unix ? ServerSocketChannel.open(StandardProtocolFamily.UNIX) : ServerSocketChannel.open()) {
      server.setOption(StandardSocketOptions.SO_RCVBUF, KERNEL_BUFFER);
      server.bind(
          unix
              ? UnixDomainSocketAddress.of(file)
              : new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      SocketChannel writer = SocketChannel.open(server.getLocalAddress());
      SocketChannel reader = server.accept();
      for (SocketChannel channel : new SocketChannel[] {writer, reader}) {
        channel.setOption(StandardSocketOptions.SO_SNDBUF, KERNEL_BUFFER);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, KERNEL_BUFFER);
        if (!unix) {
          channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
      }
      return new BareSockets(writer, reader, block, blocks);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  /** Sends all blocks; the reader answers a byte when it has them. */
  double seconds() throws IOException {
    long start = System.nanoTime();
    CompletableFuture<Void> reading = new CompletableFuture<>();
    Thread thread = new Thread(() -> finish(reading), "bare reader");
    thread.start();
    for (int i = 0; i < blocks; i++) {
      move(block, writer::write);
    }
    ByteBuffer answer = ByteBuffer.allocateDirect(1);
    while (answer.hasRemaining() && writer.read(answer) >= 0) {}
    reading.join();
    return (System.nanoTime() - start) / 1e9;
  }

  private void finish(CompletableFuture<Void> reading) {
    try {
      for (int i = 0; i < blocks; i++) {
        move(target, reader::read);
      }
      reader.write(ByteBuffer.allocateDirect(1));
      reading.complete(null);
    } catch (IOException | UncheckedIOException e) {
      reading.completeExceptionally(e);
    }
  }

  /** One call on a socket. */
  private interface Call {
    int on(ByteBuffer bytes) throws IOException;
  }

  private static void move(ByteBuffer bytes, Call call) throws IOException {
    for (int at = 0; at < bytes.capacity(); at += PIECE) {
      bytes.limit(at + PIECE).position(at);
      while (bytes.hasRemaining()) {
        if (call.on(bytes) < 0) {
          throw new IOException("the other end closed");
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    writer.close();
    reader.close();
  }
}
