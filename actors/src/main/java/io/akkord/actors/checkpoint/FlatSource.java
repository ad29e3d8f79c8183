package io.akkord.actors.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A flat buffer of numbers somewhere: this process's memory, a device, other nodes. */
@FunctionalInterface
public interface FlatSource {

  /** Fills {@code dst} with the elements from {@code fromElement} on, little-endian. */
  void read(long fromElement, ByteBuffer dst) throws IOException;
}
