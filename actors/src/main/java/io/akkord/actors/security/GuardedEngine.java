package io.akkord.actors.security;

import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The accepting end of a connection of Artery: what comes out of the engine below is looked at by
 * {@link FrameCheck}, and a refusal, its own or the engine's, is told, which Artery does not do.
 */
final class GuardedEngine extends EngineShell {
  private static final Logger LOG = LoggerFactory.getLogger(GuardedEngine.class);

  private final FrameCheck frames;
  private boolean refused;
  private boolean told;

  GuardedEngine(SSLEngine inner, int mostBytes) {
    super(inner);
    this.frames = new FrameCheck(mostBytes);
  }

  @Override
  public SSLEngineResult unwrap(ByteBuffer src, ByteBuffer[] dsts, int offset, int length)
      throws SSLException {
    int[] before = new int[length];
    for (int i = 0; i < length; i++) {
      before[i] = dsts[offset + i].position();
    }
    SSLEngineResult result;
    try {
      result = inner.unwrap(src, dsts, offset, length);
    } catch (SSLException e) {
      tell(e);
      throw e;
    }
    try {
      for (int i = 0; i < length; i++) {
        frames.read(dsts[offset + i].duplicate().flip().position(before[i]));
      }
    } catch (SSLException e) {
      refused = true;
      tell(e);
      throw e;
    }
    return result;
  }

  @Override
  public SSLEngineResult wrap(ByteBuffer[] srcs, int offset, int length, ByteBuffer dst)
      throws SSLException {
    try {
      return inner.wrap(srcs, offset, length, dst);
    } catch (SSLException e) {
      tell(e);
      throw e;
    }
  }

  private void tell(SSLException e) {
    if (!told) {
      told = true;
      LOG.warn("refused a connection to the port for messages: {}", e.getMessage());
    }
  }

  @Override
  public void closeInbound() throws SSLException {
    if (!refused) {
      inner.closeInbound();
    }
  }

  @Override
  public boolean isInboundDone() {
    return refused || inner.isInboundDone();
  }

  @Override
  public boolean isOutboundDone() {
    return refused || inner.isOutboundDone();
  }
}
