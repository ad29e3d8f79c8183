package io.akkord.actors.params;

import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.LaneInbox.Block;
import io.akkord.model.tree.ReductionTree;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The gradient blocks of one step that one slice has, by subtree. A block counts only while every
 * shard under it is expected under the assignment it was computed for.
 */
final class GradientParts {
  /** By first shard; none overlaps another. */
  private final TreeMap<Integer, Block> blocks = new TreeMap<>();

  private long step = -1;
  private long[] assignments = {};
  private boolean summed;
  private long newest;
  private int covered;

  /**
   * From now on these count, unless newer ones do; returns the blocks that no longer fit, for the
   * caller to release.
   */
  List<Block> expect(long newStep, long[] newAssignments) {
    long newNewest = Arrays.stream(newAssignments).max().orElse(0);
    if (newStep < step || newStep == step && newNewest < newest) {
      return List.of();
    }
    boolean same = step == newStep && Arrays.equals(assignments, newAssignments);
    step = newStep;
    assignments = newAssignments.clone();
    newest = newNewest;
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
    if (!fits(block.header())) {
      block.release().run();
      return;
    }
    if (overlaps(block.header())) {
      block.release().run();
    } else {
      blocks.put(block.header().lo(), block);
      covered += shards(block);
    }
  }

  /** Each shard counts once: the same block comes twice, or a part of one that is here. */
  private boolean overlaps(BulkHeader header) {
    Map.Entry<Integer, Block> before = blocks.lowerEntry(header.hi());
    return before != null && before.getValue().header().hi() > header.lo();
  }

  private static int shards(Block block) {
    return block.header().hi() - block.header().lo();
  }

  private void forget(Block block) {
    blocks.remove(block.header().lo());
    covered -= shards(block);
  }

  private boolean fits(BulkHeader header) {
    if (header.step() != step || !isSubtree(header.lo(), header.hi())) {
      return false;
    }
    for (int shard = header.lo(); shard < header.hi(); shard++) {
      if (assignments[shard] != header.assignment()) {
        return false;
      }
    }
    return true;
  }

  /** Only whole subtrees can be added up along the tree. */
  private boolean isSubtree(int lo, int hi) {
    if (lo >= hi || hi > assignments.length) {
      return false;
    }
    Node wanted = new Node(lo, hi);
    Node at = ReductionTree.root(assignments.length);
    while (!at.equals(wanted) && !at.isLeaf()) {
      at = lo < at.right().lo() ? at.left() : at.right();
    }
    return at.equals(wanted);
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
    blocks.values().forEach(b -> bytes.put(new Node(b.header().lo(), b.header().hi()), b.bytes()));
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
