package io.akkord.actors.bulk.netty;

import java.io.IOException;

/** Bytes that no honest peer of this version sends; the connection is closed. */
final class BadFrameException extends IOException {
  BadFrameException(String message) {
    super(message);
  }
}
