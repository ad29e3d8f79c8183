package io.akkord.actors.worker;

import io.akkord.model.engine.FlatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/** Buffers of one kind, used again once their bytes were released. */
final class GradientPool {
  private final Supplier<FlatBuffer> create;
  private final Queue<FlatBuffer> free = new ConcurrentLinkedQueue<>();
  private final List<FlatBuffer> all = new ArrayList<>();

  GradientPool(Supplier<FlatBuffer> create) {
    this.create = create;
  }

  /** On the device thread. */
  FlatBuffer take() {
    FlatBuffer buffer = free.poll();
    if (buffer == null) {
      buffer = create.get();
      all.add(buffer);
    }
    return buffer;
  }

  /** On any thread. */
  void give(FlatBuffer buffer) {
    free.add(buffer);
  }

  void close() {
    all.forEach(FlatBuffer::close);
  }
}
