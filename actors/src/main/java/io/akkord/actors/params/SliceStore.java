package io.akkord.actors.params;

import io.akkord.actors.checkpoint.FlatSource;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.engine.FlatBuffer;
import io.akkord.model.engine.SliceOptimizer;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The memory of one slice: opened, filled and copied on its device thread. */
public final class SliceStore implements AutoCloseable {
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

  /**
   * Allocates the slice and copies what it starts from.
   *
   * @param firstMoment null, as the second, where training has not begun
   */
  static SliceStore open(
      RunFacts facts,
      Slice slice,
      ByteBuffer weights,
      ByteBuffer firstMoment,
      ByteBuffer secondMoment) {
    var recipe = facts.plan().recipe();
    SliceOptimizer optimizer =
        SliceOptimizer.open(
            facts.layout(),
            slice,
            recipe.adamW(),
            recipe.dtype().name().toLowerCase(java.util.Locale.ROOT),
            recipe.wireDtype());
    SliceStore store = new SliceStore(slice, optimizer);
    store.all(optimizer.weights()).put(weights.duplicate());
    if (firstMoment != null) {
      store.all(optimizer.firstMoment()).put(firstMoment.duplicate());
      store.all(optimizer.secondMoment()).put(secondMoment.duplicate());
    }
    optimizer.refresh();
    return store;
  }

  /** The arithmetic of the slice. */
  SliceOptimizer optimizer() {
    return optimizer;
  }

  /** The weights as they are sent. */
  ByteBuffer weights() {
    return all(optimizer.sent());
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
