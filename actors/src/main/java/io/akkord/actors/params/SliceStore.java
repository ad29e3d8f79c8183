package io.akkord.actors.params;

import io.akkord.actors.checkpoint.FlatSource;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.Map;

/** The memory of one slice: filled, changed and copied in jobs of its {@link SliceDevice}. */
public interface SliceStore extends AutoCloseable {
  /** Where weights and moments come from; a fresh run has no moments. */
  record Initial(FlatSource weights, FlatSource firstMoment, FlatSource secondMoment) {}

  /** Copies of the three buffers at one version. */
  record Snapshot(ByteBuffer weights, ByteBuffer firstMoment, ByteBuffer secondMoment) {}

  /** Adds the parts of a step's gradient up along the tree over all logical shards. */
  void sum(int shards, Map<Node, ByteBuffer> parts);

  /** Squared norm of each block of the sum. */
  double[] sumsOfSquares();

  /**
   * Updates the weights with the sum.
   *
   * @param clipScale what the gradient is multiplied with
   * @param updates n of the bias correction
   */
  void apply(double clipScale, double learningRate, long updates);

  /** Forgets the sum. */
  void drop();

  /** Copies the sum if it lies in somebody else's memory. */
  void ownSum();

  /** The weights as they are sent: this memory itself. */
  ByteBuffer weights();

  /** Host copies that stay as they are while training goes on. */
  Snapshot snapshot();

  /**
   * Nobody reads that copy any more: its memory is for the next one, which then costs a copy and no
   * page faults. On any thread.
   */
  default void recycle(Snapshot copy) {}

  @Override
  void close();
}
