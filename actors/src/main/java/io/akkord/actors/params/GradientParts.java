package io.akkord.actors.params;

import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.LaneInbox.Block;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The gradient blocks of one step that one slice has, by subtree. A block counts only while every
 * shard under it is expected under the assignment it was computed for.
 */
final class GradientParts {
  private final Map<Node, Block> blocks = new HashMap<>();
  private long step = -1;
  private long[] assignments = {};
  private boolean summed;
  private long newest;
  private int covered;

  /** From now on these count; returns the blocks that no longer fit, for the caller to release. */
  List<Block> expect(long newStep, long[] newAssignments) {
    boolean same = step == newStep && Arrays.equals(assignments, newAssignments);
    step = newStep;
    assignments = newAssignments.clone();
    newest = Arrays.stream(assignments).max().orElse(0);
    summed &= same;
    List<Block> stale = blocks.values().stream().filter(block -> !fits(block.header())).toList();
    stale.forEach(this::forget);
    return stale;
  }

  /** Whether a block is for later: its step or its assignment has not been announced yet. */
  boolean early(BulkHeader header) {
    boolean newer = header.step() == step && header.assignment() > assignment();
    return header.step() > step || newer;
  }

  /** Takes a block or lets go of it. */
  void add(Block block) {
    Node node = new Node(block.header().lo(), block.header().hi());
    if (!fits(block.header()) || blocks.putIfAbsent(node, block) != null) {
      block.release().run();
    } else {
      covered += node.hi() - node.lo();
    }
  }

  private void forget(Block block) {
    Node node = new Node(block.header().lo(), block.header().hi());
    if (blocks.remove(node, block)) {
      covered -= node.hi() - node.lo();
    }
  }

  private boolean fits(BulkHeader header) {
    if (header.step() != step || header.hi() > assignments.length) {
      return false;
    }
    for (int shard = header.lo(); shard < header.hi(); shard++) {
      if (assignments[shard] != header.assignment()) {
        return false;
      }
    }
    return true;
  }

  /** Whether every shard is covered. */
  boolean complete() {
    return step >= 0 && covered == assignments.length;
  }

  /** Whether the parts that are expected now have been added up. */
  boolean isSummed() {
    return summed;
  }

  void markSummed() {
    summed = true;
  }

  long step() {
    return step;
  }

  /** The newest assignment among those expected. */
  long assignment() {
    return newest;
  }

  int shards() {
    return assignments.length;
  }

  Map<Node, ByteBuffer> bytes() {
    Map<Node, ByteBuffer> bytes = new HashMap<>();
    blocks.forEach((node, block) -> bytes.put(node, block.bytes()));
    return bytes;
  }

  /** Hands all blocks to the caller, who releases them. */
  List<Block> detach() {
    List<Block> all = List.copyOf(blocks.values());
    blocks.clear();
    covered = 0;
    return all;
  }
}
