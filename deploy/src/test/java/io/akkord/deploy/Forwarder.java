package io.akkord.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Hands connections to an address on to a port of loopback. */
final class Forwarder implements AutoCloseable {
  private final ServerSocket listening;
  private final int port;

  private Forwarder(ServerSocket listening, int port) {
    this.listening = listening;
    this.port = port;
  }

  /** Listens on a free port of {@code host}. */
  static Forwarder start(String host, int port) throws IOException {
    ServerSocket socket = new ServerSocket();
    socket.bind(new InetSocketAddress(host, 0));
    Forwarder forwarder = new Forwarder(socket, port);
    thread(forwarder::accept);
    return forwarder;
  }

  int port() {
    return listening.getLocalPort();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket from = listening.accept();
        Socket to = new Socket(InetAddress.getLoopbackAddress(), port);
        thread(() -> copy(from, to));
        thread(() -> copy(to, from));
      } catch (IOException e) {
        // The end, or nobody behind: whoever connects next is told by another try.
      }
    }
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // One side has gone: so does the other.
    }
  }

  private static void thread(Runnable work) {
    Thread thread = new Thread(work, "forwarder");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    try {
      listening.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
