package io.akkord.actors.worker;

import io.akkord.model.engine.Engine;
import io.akkord.model.engine.FlatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Gradient buffers of one engine, used again once their bytes were released. */
final class GradientPool {
  private final Engine engine;
  private final Queue<FlatBuffer> free = new ConcurrentLinkedQueue<>();
  private final List<FlatBuffer> all = new ArrayList<>();

  GradientPool(Engine engine) {
    this.engine = engine;
  }

  /** On the device thread. */
  FlatBuffer take() {
    FlatBuffer buffer = free.poll();
    if (buffer == null) {
      buffer = engine.newGradient();
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
