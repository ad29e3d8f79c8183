package io.akkord.actors.params;

import io.akkord.actors.run.RunFacts;
import io.akkord.model.engine.DeviceThread;
import io.akkord.model.engine.FlatBuffer;
import io.akkord.model.engine.SliceOptimizer;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;

/** Slices in the engine's memory, computed on its device thread. */
public record EngineSlices(DeviceThread thread) implements SliceDevice {

  @Override
  public <T> CompletionStage<T> submit(Callable<T> job) {
    return thread.submit(job);
  }

  @Override
  public SliceStore open(
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
            recipe.dtype().name().toLowerCase(Locale.ROOT),
            recipe.wireDtype());
    Store store = new Store(slice, optimizer);
    store.all(optimizer.weights()).put(weights.duplicate());
    if (firstMoment != null) {
      store.all(optimizer.firstMoment()).put(firstMoment.duplicate());
      store.all(optimizer.secondMoment()).put(secondMoment.duplicate());
    }
    optimizer.refresh();
    return store;
  }

  private static final class Store implements SliceStore {
    private final Slice slice;
    private final SliceOptimizer optimizer;
    private final AtomicReference<Snapshot> spare = new AtomicReference<>();

    Store(Slice slice, SliceOptimizer optimizer) {
      this.slice = slice;
      this.optimizer = optimizer;
    }

    @Override
    public void sum(int shards, Map<Node, ByteBuffer> parts) {
      optimizer.sum(shards, parts);
    }

    @Override
    public double[] sumsOfSquares() {
      return optimizer.sumsOfSquares();
    }

    @Override
    public void apply(double clipScale, double learningRate, long updates) {
      optimizer.apply(clipScale, learningRate, updates);
    }

    @Override
    public void drop() {
      optimizer.drop();
    }

    @Override
    public void ownSum() {
      optimizer.ownSum();
    }

    @Override
    public ByteBuffer weights() {
      return all(optimizer.sent());
    }

    private ByteBuffer all(FlatBuffer flat) {
      return flat.window(0, Math.toIntExact(slice.elements()));
    }

    @Override
    public Snapshot snapshot() {
      Snapshot free = spare.getAndSet(null);
      Snapshot copy =
          free != null
              ? free
              : new Snapshot(
                  room(optimizer.weights()),
                  room(optimizer.firstMoment()),
                  room(optimizer.secondMoment()));
      copy.weights().clear().put(all(optimizer.weights())).flip();
      copy.firstMoment().clear().put(all(optimizer.firstMoment())).flip();
      copy.secondMoment().clear().put(all(optimizer.secondMoment())).flip();
      return copy;
    }

    private ByteBuffer room(FlatBuffer flat) {
      return ByteBuffer.allocateDirect(all(flat).remaining()).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void recycle(Snapshot copy) {
      spare.set(copy);
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }
}
