package io.akkord.actors.worker;

import io.akkord.actors.bulk.LaneInbox.Block;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Slices of the parameters that have come, by version, until the device has read them. */
final class ArrivedSlices {
  private final int slices;
  private final TreeMap<Long, Map<Integer, Block>> versions = new TreeMap<>();

  ArrivedSlices(int slices) {
    this.slices = slices;
  }

  /** Keeps a block of a version that nobody reads yet; it takes the place of an equal one. */
  void put(Block block) {
    Block old =
        versions
            .computeIfAbsent(block.header().step(), v -> new TreeMap<>())
            .put(block.header().slice(), block);
    if (old != null) {
      old.release().run();
    }
  }

  /** The newest version of which there is a slice. */
  long newest() {
    return versions.lastKey();
  }

  /** Its slices in order; empty while one is missing, or nothing is here. */
  Optional<List<ByteBuffer>> complete() {
    if (versions.isEmpty() || versions.lastEntry().getValue().size() < slices) {
      return Optional.empty();
    }
    Map<Integer, Block> newest = versions.lastEntry().getValue();
    return Optional.of(newest.values().stream().map(Block::bytes).toList());
  }

  /** Lets go of a version and those before it. */
  void release(long upTo) {
    var over = versions.headMap(upTo, true);
    over.values().forEach(blocks -> blocks.values().forEach(block -> block.release().run()));
    over.clear();
  }

  /** Hands all blocks to the caller, who releases them. */
  List<Block> detach() {
    List<Block> all = new ArrayList<>();
    versions.values().forEach(blocks -> all.addAll(blocks.values()));
    versions.clear();
    return all;
  }
}
