package io.akkord.actors.bulk.netty;

import io.akkord.actors.bulk.netty.Bodies.Open;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** A block on its way out. */
final class Transfer {
  final Open open;
  final ByteBuffer bytes;
  final CompletableFuture<Void> released = new CompletableFuture<>();
  long number;
  int sent;

  /**
   * Waits to be sent.
   *
   * @param bytes from its position to its limit; nobody may move them
   */
  Transfer(Open open, ByteBuffer bytes) {
    this.open = open;
    this.bytes = bytes;
  }

  boolean complete() {
    return number > 0 && sent == bytes.remaining();
  }

  void fail(String from, String to, String why) {
    released.completeExceptionally(
        new IOException(
            "%s of run %s, step %d, slice %d from %s to lane %d of %s: %s"
                .formatted(
                    open.header().kind(),
                    open.header().run(),
                    open.header().step(),
                    open.header().slice(),
                    from,
                    open.lane(),
                    to,
                    why)));
  }
}
