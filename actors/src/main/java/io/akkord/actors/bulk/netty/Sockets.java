package io.akkord.actors.bulk.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Opens and accepts the sockets of connections, TCP and Unix. */
final class Sockets {
  /** What the kernel does not take at once stays with the sender, not in a queue. */
  private static final WriteBufferWaterMark UNSENT =
      new WriteBufferWaterMark(Head.PIECE / 2, Head.PIECE);

  private static final int KERNEL_BUFFER = 4 << 20;
  private static final int WAITING_TO_BE_ACCEPTED = 1024;

  private final Settings settings;
  private final EventLoopGroup group;
  private final List<Channel> listening = new ArrayList<>();
  private volatile Shared shared;

  Sockets(Settings settings, EventLoopGroup group) {
    this.settings = settings;
    this.group = group;
  }

  /** Binds a TCP socket; returns its port. */
  int listenTcp() throws IOException {
    SocketAddress address = new InetSocketAddress(settings.host(), settings.port());
    Channel channel = listen(NioServerSocketChannel.class, address);
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  /** Binds a Unix domain socket. */
  void listenUnix(Path file) throws IOException {
    listen(NioServerDomainSocketChannel.class, UnixDomainSocketAddress.of(file));
  }

  private Channel listen(Class<? extends ServerChannel> type, SocketAddress address)
      throws IOException {
    ServerBootstrap server =
        new ServerBootstrap()
            .group(group)
            .channel(type)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.SO_BACKLOG, WAITING_TO_BE_ACCEPTED)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    Incoming connection = new Incoming(shared);
                    connection.startDeadline(channel.eventLoop(), settings.helloWithin());
                    prepare(channel, connection, tlsServer(channel));
                  }
                });
    if (type == NioServerSocketChannel.class) {
      // Before the connection, or the kernel has already agreed on a small TCP window.
      server.option(ChannelOption.SO_RCVBUF, KERNEL_BUFFER);
    }
    ChannelFuture bound = server.bind(address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException("cannot listen on " + address + ": " + bound.cause(), bound.cause());
    }
    listening.add(bound.channel());
    return bound.channel();
  }

  /** Takes connections from now on. */
  void accept(Shared newShared) {
    shared = newShared;
    listening.forEach(channel -> channel.config().setAutoRead(true));
  }

  /** Takes no more connections. */
  void close() {
    listening.forEach(Channel::close);
  }

  /**
   * Connects, by the Unix socket if it can be seen from here; failures go to the connection, on
   * whose event loop this is called.
   */
  void connect(Outgoing connection, Endpoint from, Endpoint to) {
    connection.startDeadline(connection.loop(), settings.helloWithin());
    if (to.sharesFilesWith(from) && settings.unixSockets()) {
      connector(connection, NioDomainSocketChannel.class)
          .connect(UnixDomainSocketAddress.of(to.socket()))
          .addListener(
              (ChannelFuture done) -> {
                if (done.isSuccess()) {
                  connected(done.channel(), connection, null);
                } else {
                  connectTcp(connection, to);
                }
              });
    } else {
      connectTcp(connection, to);
    }
  }

  private void connectTcp(Outgoing connection, Endpoint to) {
    connector(connection, NioSocketChannel.class)
        .connect(new InetSocketAddress(to.host(), to.port()))
        .addListener(
            (ChannelFuture done) -> {
              if (done.isSuccess()) {
                connected(done.channel(), connection, tlsClient(done.channel(), to));
              } else {
                connection.failed(done.cause().getMessage());
              }
            });
  }

  private Bootstrap connector(Outgoing connection, Class<? extends Channel> type) {
    return new Bootstrap()
        .group(connection.loop())
        .channel(type)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) settings.helloWithin().toMillis())
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                buffers(channel);
              }
            });
  }

  private void connected(Channel channel, Outgoing connection, SslHandler tls) {
    if (connection.ended()) {
      channel.close();
      return;
    }
    prepare(channel, connection, tls);
    channel.config().setAutoRead(true);
  }

  private void prepare(Channel channel, Connection connection, SslHandler tls) {
    buffers(channel);
    channel.config().setWriteBufferWaterMark(UNSENT);
    if (tls != null) {
      tls.setHandshakeTimeoutMillis(settings.helloWithin().toMillis());
      channel.pipeline().addLast(tls);
    } else {
      channel.config().setRecvByteBufAllocator(new ExactReads(connection::nextRead));
    }
    long silenceMs = settings.silence().toMillis();
    channel
        .pipeline()
        .addLast(new IdleStateHandler(silenceMs, silenceMs / 4, 0, TimeUnit.MILLISECONDS))
        .addLast(connection);
  }

  private static void buffers(Channel channel) {
    channel.config().setOption(ChannelOption.SO_SNDBUF, KERNEL_BUFFER);
    channel.config().setOption(ChannelOption.SO_RCVBUF, KERNEL_BUFFER);
    channel.config().setOption(ChannelOption.TCP_NODELAY, true);
  }

  private SslHandler tlsServer(Channel channel) {
    boolean tls = settings.tlsServer() != null && channel instanceof SocketChannel;
    return tls ? settings.tlsServer().newHandler(channel.alloc()) : null;
  }

  private SslHandler tlsClient(Channel channel, Endpoint to) {
    return settings.tlsClient() == null
        ? null
        : settings.tlsClient().newHandler(channel.alloc(), to.host(), to.port());
  }
}
