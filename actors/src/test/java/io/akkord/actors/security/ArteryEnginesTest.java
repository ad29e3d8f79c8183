package io.akkord.actors.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both ends of a connection without TLS, byte by byte. */
class ArteryEnginesTest {
  private static final int MOST = 1000;

  private final SSLEngine client = begun(HelloEngine.of(true, "hash"));
  private final SSLEngine server = begun(new GuardedEngine(HelloEngine.of(false, "hash"), MOST));

  private static SSLEngine begun(SSLEngine engine) {
    try {
      engine.beginHandshake();
      return engine;
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ByteBuffer wrap(SSLEngine engine, ByteBuffer bytes) throws SSLException {
    ByteBuffer out = ByteBuffer.allocate(20_000);
    engine.wrap(bytes, out);
    return out.flip();
  }

  /** What the other side takes out of the bytes, which come in pieces. */
  private static ByteBuffer unwrap(SSLEngine engine, ByteBuffer bytes, int piece)
      throws SSLException {
    ByteBuffer out = ByteBuffer.allocate(20_000);
    int end = bytes.limit();
    for (int at = 0; at < end; at += piece) {
      bytes.limit(Math.min(end, at + piece));
      SSLEngineResult result = engine.unwrap(bytes, out);
      while (result.getStatus() == Status.OK && bytes.hasRemaining()) {
        result = engine.unwrap(bytes, out);
      }
    }
    return out.flip();
  }

  private static ByteBuffer hello() throws SSLException {
    return wrap(begun(HelloEngine.of(true, "hash")), ByteBuffer.allocate(0));
  }

  private static ByteBuffer stream(int... lengths) {
    ByteBuffer bytes = ByteBuffer.allocate(20_000).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put("AKKA".getBytes(StandardCharsets.US_ASCII)).put((byte) 1);
    for (int length : lengths) {
      bytes.putInt(length).put(new byte[Math.max(0, Math.min(length, MOST))]);
    }
    return bytes.flip();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7, 41, 20_000})
  void whoHasTheTokenIsHeardHoweverTheBytesAreCut(int piece) throws Exception {
    ByteBuffer hello = wrap(client, ByteBuffer.allocate(0));
    assertThat(client.getHandshakeStatus()).isEqualTo(HandshakeStatus.NOT_HANDSHAKING);
    assertThat(unwrap(server, hello, piece).hasRemaining()).isFalse();
    assertThat(server.getHandshakeStatus()).isEqualTo(HandshakeStatus.NOT_HANDSHAKING);
    ByteBuffer sent = stream(1, MOST, 17);
    ByteBuffer arrived = unwrap(server, wrap(client, sent.duplicate()), piece);
    assertThat(arrived).isEqualTo(sent);
  }

  @Test
  void whoSaysAnythingElseIsRefusedAtItsFirstWrongByte() {
    for (String text : new String[] {"GET / HTTP/1.1", "AKKA\1", "A\0", "AKKORD2"}) {
      SSLEngine fresh = begun(new GuardedEngine(HelloEngine.of(false, "hash"), MOST));
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
      assertThatThrownBy(() -> unwrap(fresh, bytes, 1))
          .hasMessage("it says no hello of this cluster's nodes");
      assertThat(fresh.isInboundDone() && fresh.isOutboundDone()).isTrue();
    }
  }

  @Test
  void whoHasAnotherTokenIsRefused() throws Exception {
    ByteBuffer hello = wrap(begun(HelloEngine.of(true, "other")), ByteBuffer.allocate(0));
    assertThatThrownBy(() -> unwrap(server, hello, 100))
        .hasMessage("its node has another cluster token");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE, MOST + 1, Integer.MAX_VALUE})
  void aFrameOfAnImpossibleLengthIsRefusedFromThoseWithTheTokenToo(int length) throws Exception {
    unwrap(server, hello(), 100);
    assertThatThrownBy(() -> unwrap(server, stream(5, length), 6))
        .hasMessage("a frame of %d bytes; 1 to %d are possible".formatted(length, MOST));
    assertThat(server.isInboundDone() && server.isOutboundDone()).isTrue();
    server.closeInbound();
  }

  @Test
  void whatDoesNotBeginLikeArteryIsRefused() throws Exception {
    unwrap(server, hello(), 100);
    assertThatThrownBy(() -> unwrap(server, ByteBuffer.wrap(new byte[] {'A', 'K', 'K', 0}), 4))
        .hasMessageContaining("does not begin like a connection of Artery");
  }

  @Test
  void theConnectingEndClosesBothWays() throws Exception {
    wrap(client, ByteBuffer.allocate(0));
    client.closeOutbound();
    assertThat(client.getHandshakeStatus()).isEqualTo(HandshakeStatus.NEED_WRAP);
    ByteBuffer out = ByteBuffer.allocate(100);
    assertThat(client.wrap(ByteBuffer.allocate(0), out).getStatus()).isEqualTo(Status.CLOSED);
    assertThat(out.position()).isZero();
    assertThat(client.isOutboundDone() && client.isInboundDone()).isTrue();
  }
}
