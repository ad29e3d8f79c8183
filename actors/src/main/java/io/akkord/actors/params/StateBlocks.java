package io.akkord.actors.params;

import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.LaneInbox.Block;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What an empty copy of a slice is filled with: blocks of one version, the newest that comes. A
 * feed that did not get through is followed by a newer one, and what is late of it is let go.
 */
final class StateBlocks {
  private final Map<Kind, Block> blocks = new EnumMap<>(Kind.class);
  private long version = -1;

  /** Takes a block or lets go of it. */
  void add(Block block) {
    long of = block.header().step();
    if (of < version) {
      block.release().run();
      return;
    }
    if (of > version) {
      release();
      version = of;
    }
    Block old = blocks.put(block.header().kind(), block);
    if (old != null) {
      old.release().run();
    }
  }

  /** Whether everything its sender has is here: a fresh run has no moments. */
  boolean complete() {
    Block weights = blocks.get(Kind.SNAPSHOT_WEIGHTS);
    return weights != null && blocks.size() >= weights.header().hi();
  }

  long version() {
    return version;
  }

  /** Opens the copy with what is here; in a job of its device, while nothing is added. */
  SliceStore open(RunFacts facts, Slice slice, SliceDevice device) {
    return device.open(
        facts,
        slice,
        bytes(Kind.SNAPSHOT_WEIGHTS),
        bytes(Kind.SNAPSHOT_FIRST_MOMENT),
        bytes(Kind.SNAPSHOT_SECOND_MOMENT));
  }

  private ByteBuffer bytes(Kind kind) {
    Block block = blocks.get(kind);
    return block == null ? null : block.bytes();
  }

  /** Lets go of what is here. */
  void release() {
    detach().forEach(block -> block.release().run());
  }

  /** Hands all blocks to the caller, who releases them. */
  List<Block> detach() {
    List<Block> all = List.copyOf(blocks.values());
    blocks.clear();
    return all;
  }
}
