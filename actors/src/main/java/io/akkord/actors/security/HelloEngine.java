package io.akkord.actors.security;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;

/**
 * What a connection of Artery goes through where TLS is off. It encrypts nothing: the connecting
 * end says hello with a hash of the cluster's token, the accepting end lets nobody else in, and
 * then bytes pass as they are. An engine, since that is where Artery lets others see its bytes.
 */
final class HelloEngine extends EngineShell {
  private static final byte[] OPENING = "AKKORD1\n".getBytes(StandardCharsets.US_ASCII);

  private final boolean client;
  private final byte[] hello;
  private HandshakeStatus handshake = HandshakeStatus.NOT_HANDSHAKING;
  private int matched;
  private boolean closing;
  private boolean inboundDone;
  private boolean outboundDone;

  private HelloEngine(SSLEngine unused, boolean client, byte[] hello) {
    super(unused);
    this.client = client;
    this.hello = hello;
  }

  /**
   * One end.
   *
   * @param tokenHash of the cluster's token
   */
  static HelloEngine of(boolean client, String tokenHash) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(tokenHash.getBytes(StandardCharsets.UTF_8));
      byte[] hello = Arrays.copyOf(OPENING, OPENING.length + hash.length);
      System.arraycopy(hash, 0, hello, OPENING.length, hash.length);
      return new HelloEngine(SSLContext.getDefault().createSSLEngine(), client, hello);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void beginHandshake() {
    handshake = client ? HandshakeStatus.NEED_WRAP : HandshakeStatus.NEED_UNWRAP;
  }

  @Override
  public HandshakeStatus getHandshakeStatus() {
    return closing ? HandshakeStatus.NEED_WRAP : handshake;
  }

  @Override
  public SSLEngineResult wrap(ByteBuffer[] srcs, int offset, int length, ByteBuffer dst)
      throws SSLException {
    if (closing || outboundDone) {
      closing = false;
      outboundDone = true;
      return new SSLEngineResult(Status.CLOSED, HandshakeStatus.NOT_HANDSHAKING, 0, 0);
    }
    if (handshake == HandshakeStatus.NEED_WRAP) {
      if (dst.remaining() < hello.length) {
        return new SSLEngineResult(Status.BUFFER_OVERFLOW, handshake, 0, 0);
      }
      dst.put(hello);
      handshake = HandshakeStatus.NOT_HANDSHAKING;
      return new SSLEngineResult(Status.OK, HandshakeStatus.FINISHED, 0, hello.length);
    }
    int moved = 0;
    for (int i = offset; i < offset + length; i++) {
      moved += move(srcs[i], dst);
    }
    return new SSLEngineResult(Status.OK, handshake, moved, moved);
  }

  @Override
  public SSLEngineResult unwrap(ByteBuffer src, ByteBuffer[] dsts, int offset, int length)
      throws SSLException {
    if (inboundDone) {
      return new SSLEngineResult(Status.CLOSED, handshake, 0, 0);
    }
    if (handshake == HandshakeStatus.NEED_UNWRAP) {
      return hear(src);
    }
    if (!src.hasRemaining()) {
      return new SSLEngineResult(Status.BUFFER_UNDERFLOW, handshake, 0, 0);
    }
    int moved = 0;
    for (int i = offset; i < offset + length; i++) {
      moved += move(src, dsts[i]);
    }
    Status status = moved == 0 ? Status.BUFFER_OVERFLOW : Status.OK;
    return new SSLEngineResult(status, handshake, moved, moved);
  }

  /** Takes what is there of the hello; the first byte that is another one ends it. */
  private SSLEngineResult hear(ByteBuffer src) throws SSLException {
    int consumed = 0;
    while (matched < hello.length && src.hasRemaining()) {
      if (src.get() != hello[matched]) {
        inboundDone = true;
        outboundDone = true;
        throw new SSLException(
            matched < OPENING.length
                ? "it says no hello of this cluster's nodes"
                : "its node has another cluster token");
      }
      matched++;
      consumed++;
    }
    if (matched < hello.length) {
      return new SSLEngineResult(Status.BUFFER_UNDERFLOW, handshake, consumed, 0);
    }
    handshake = HandshakeStatus.NOT_HANDSHAKING;
    return new SSLEngineResult(Status.OK, HandshakeStatus.FINISHED, consumed, 0);
  }

  private static int move(ByteBuffer from, ByteBuffer to) {
    int count = Math.min(from.remaining(), to.remaining());
    to.put(from.duplicate().limit(from.position() + count));
    from.position(from.position() + count);
    return count;
  }

  @Override
  public Runnable getDelegatedTask() {
    return null;
  }

  @Override
  public void closeInbound() {
    inboundDone = true;
  }

  @Override
  public boolean isInboundDone() {
    return inboundDone;
  }

  @Override
  public void closeOutbound() {
    // Nothing is said at the end, but Akka wants to be asked for it.
    closing = !outboundDone;
    inboundDone = true;
  }

  @Override
  public boolean isOutboundDone() {
    return outboundDone;
  }
}
