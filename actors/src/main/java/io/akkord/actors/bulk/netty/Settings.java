package io.akkord.actors.bulk.netty;

import io.netty.handler.ssl.SslContext;
import java.time.Duration;

/**
 * How a process takes part in the bulk lane.
 *
 * @param host address to listen on
 * @param port 0: any free one
 * @param publicHost what others connect to; null: the address listened on
 * @param token the cluster's; others are refused
 * @param unixSockets whether processes of one machine use a Unix domain socket
 * @param windowBytes most bytes on their way to this process, per connection
 * @param unreleasedBytes of blocks that wait for their receivers; above it senders are made to wait
 * @param helloWithin a connection must be made, and say hello, within this time
 * @param silence a peer that says nothing that long counts as lost
 * @param threads of the event loop
 * @param tlsServer for TCP, should demand a client certificate; null: plain TCP
 * @param tlsClient for TCP; null: plain TCP
 */
public record Settings(
    String host,
    int port,
    String publicHost,
    String token,
    boolean unixSockets,
    long windowBytes,
    long unreleasedBytes,
    Duration helloWithin,
    Duration silence,
    int threads,
    SslContext tlsServer,
    SslContext tlsClient) {

  private static final long MIB = 1 << 20;
  private static final int MOST_TOKEN = 1024;

  /** Checks the numbers. */
  public Settings {
    require(windowBytes >= 2 * MIB, "window of " + windowBytes + " bytes, at least 2 MiB");
    require(unreleasedBytes > 0, "unreleasedBytes " + unreleasedBytes);
    require(!helloWithin.isNegative() && !helloWithin.isZero(), "helloWithin " + helloWithin);
    require(silence.toMillis() >= 2, "silence " + silence);
    require(threads > 0, "threads " + threads);
    require((tlsServer == null) == (tlsClient == null), "TLS needs a server and a client context");
    require(!token.isEmpty() && token.length() <= MOST_TOKEN, "token of 1 to 1024 characters");
  }

  /** Loopback, any port, Unix sockets, 16 MiB windows, 5 s to connect, 20 s of silence. */
  public static Settings local(String token) {
    return new Settings(
        "127.0.0.1",
        0,
        null,
        token,
        true,
        16 * MIB,
        Math.max(64 * MIB, Runtime.getRuntime().maxMemory() / 2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(20),
        2,
        null,
        null);
  }

  /** Another address to listen on. */
  public Settings withAddress(String newHost, int newPort, String newPublicHost) {
    return new Settings(
        newHost,
        newPort,
        newPublicHost,
        token,
        unixSockets,
        windowBytes,
        unreleasedBytes,
        helloWithin,
        silence,
        threads,
        tlsServer,
        tlsClient);
  }

  /** With or without Unix domain sockets. */
  public Settings withUnixSockets(boolean use) {
    return new Settings(
        host,
        port,
        publicHost,
        token,
        use,
        windowBytes,
        unreleasedBytes,
        helloWithin,
        silence,
        threads,
        tlsServer,
        tlsClient);
  }

  /** Other bounds of memory. */
  public Settings withMemory(long newWindowBytes, long newUnreleasedBytes) {
    return new Settings(
        host,
        port,
        publicHost,
        token,
        unixSockets,
        newWindowBytes,
        newUnreleasedBytes,
        helloWithin,
        silence,
        threads,
        tlsServer,
        tlsClient);
  }

  /** Other deadlines. */
  public Settings withDeadlines(Duration newHelloWithin, Duration newSilence) {
    return new Settings(
        host,
        port,
        publicHost,
        token,
        unixSockets,
        windowBytes,
        unreleasedBytes,
        newHelloWithin,
        newSilence,
        threads,
        tlsServer,
        tlsClient);
  }

  /** TLS over TCP. */
  public Settings withTls(SslContext server, SslContext client) {
    return new Settings(
        host,
        port,
        publicHost,
        token,
        unixSockets,
        windowBytes,
        unreleasedBytes,
        helloWithin,
        silence,
        threads,
        server,
        client);
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "Settings[%s:%d, Unix sockets %s, TLS %s, window %d, unreleased %d]"
        .formatted(host, port, unixSockets, tlsServer != null, windowBytes, unreleasedBytes);
  }

  private static void require(boolean right, String what) {
    if (!right) {
      throw new IllegalArgumentException("bulk lane: " + what);
    }
  }
}
