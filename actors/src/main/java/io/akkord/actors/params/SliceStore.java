package io.akkord.actors.params;

import io.akkord.actors.checkpoint.FlatSource;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.engine.FlatBuffer;
import io.akkord.model.engine.SliceOptimizer;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The memory of one slice: opened, filled and copied on its device thread. */
public final class SliceStore implements AutoCloseable {
  private static final int CHUNK_ELEMENTS = 1 << 22;

  /** Where weights and moments come from; a fresh run has no moments. */
  public record Initial(FlatSource weights, FlatSource firstMoment, FlatSource secondMoment) {}

  /** Copies of the three buffers at one version. */
  public record Snapshot(ByteBuffer weights, ByteBuffer firstMoment, ByteBuffer secondMoment) {}

  private final Slice slice;
  private final SliceOptimizer optimizer;

  private SliceStore(Slice slice, SliceOptimizer optimizer) {
    this.slice = slice;
    this.optimizer = optimizer;
  }

  /** Allocates the slice and reads what it starts from. */
  public static SliceStore open(RunFacts facts, Slice slice, Initial initial) throws IOException {
    var recipe = facts.plan().recipe();
    SliceOptimizer optimizer =
        SliceOptimizer.open(
            facts.layout(),
            slice,
            recipe.adamW(),
            recipe.dtype().name().toLowerCase(java.util.Locale.ROOT));
    SliceStore store = new SliceStore(slice, optimizer);
    store.fill(optimizer.weights(), initial.weights());
    if (initial.firstMoment() != null) {
      store.fill(optimizer.firstMoment(), initial.firstMoment());
      store.fill(optimizer.secondMoment(), initial.secondMoment());
    }
    return store;
  }

  private void fill(FlatBuffer target, FlatSource source) throws IOException {
    for (long at = 0; at < slice.elements(); at += CHUNK_ELEMENTS) {
      int count = (int) Math.min(CHUNK_ELEMENTS, slice.elements() - at);
      source.read(slice.from() + at, target.window(at, count));
    }
  }

  /** The arithmetic of the slice. */
  SliceOptimizer optimizer() {
    return optimizer;
  }

  /** The weights as they are sent. */
  ByteBuffer weights() {
    return all(optimizer.weights());
  }

  private ByteBuffer all(FlatBuffer flat) {
    return flat.window(0, Math.toIntExact(slice.elements()));
  }

  /** Host copies that stay as they are while training goes on. */
  Snapshot snapshot() {
    return new Snapshot(
        copy(optimizer.weights()), copy(optimizer.firstMoment()), copy(optimizer.secondMoment()));
  }

  private ByteBuffer copy(FlatBuffer flat) {
    ByteBuffer window = all(flat);
    ByteBuffer copy = ByteBuffer.allocateDirect(window.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    return copy.put(window).flip();
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
