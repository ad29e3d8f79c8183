package io.akkord.actors.params;

import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneInbox.Block;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.engine.WireDtype;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** What the blocks of a run's slices look like; whoever sends and receives them asks here. */
public final class SliceBlocks {
  /** Weights and moments, as copies of a slice and checkpoints are filled with them. */
  public static final Set<Kind> STATE =
      EnumSet.of(Kind.SNAPSHOT_WEIGHTS, Kind.SNAPSHOT_FIRST_MOMENT, Kind.SNAPSHOT_SECOND_MOMENT);

  private SliceBlocks() {}

  /** The type of master weights and moments. */
  public static Dtype state(RunFacts facts) {
    return facts.plan().recipe().dtype() == io.akkord.config.Dtype.FLOAT64
        ? Dtype.FLOAT64
        : Dtype.FLOAT32;
  }

  /** The type of gradients and parameters between workers and slices. */
  public static Dtype wire(RunFacts facts) {
    boolean rounded = facts.plan().recipe().wireDtype() == WireDtype.BFLOAT16;
    return rounded ? Dtype.BFLOAT16 : state(facts);
  }

  /** Whether it was sent by this run's attempt. */
  public static boolean isOurs(RunFacts facts, BulkHeader header) {
    return header.run().equals(facts.runId()) && header.attempt() == facts.attempt();
  }

  /**
   * What is wrong with a block of a slice: read as what it is not it would do silent harm.
   *
   * @return found and right type and length; empty if they are right
   */
  public static Optional<String> flaw(RunFacts facts, Block block) {
    BulkHeader header = block.header();
    if (header.slice() >= facts.slices().size()) {
      return Optional.of(
          "%s of slice %d, there are %d"
              .formatted(header.kind(), header.slice(), facts.slices().size()));
    }
    Slice slice = facts.slices().get(header.slice());
    Dtype right = STATE.contains(header.kind()) ? state(facts) : wire(facts);
    long bytes = slice.elements() * right.bytes();
    if (header.dtype() == right && block.bytes().remaining() == bytes) {
      return Optional.empty();
    }
    return Optional.of(
        "%s of step %d, slice %d: found %d bytes of %s, expected %d bytes of %s"
            .formatted(
                header.kind(),
                header.step(),
                header.slice(),
                block.bytes().remaining(),
                header.dtype(),
                bytes,
                right));
  }
}
