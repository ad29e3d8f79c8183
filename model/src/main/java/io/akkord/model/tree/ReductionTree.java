package io.akkord.model.tree;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BinaryOperator;

/**
 * The one order in which gradients of the logical shards {@code 0 … n−1} are added. Addition of
 * floats is not associative, so a fixed binary tree makes the sum independent of who computed which
 * shard: every worker adds inside the maximal subtrees it owns whole, the parameter shard finishes
 * the rest.
 */
public final class ReductionTree {

  /** The subtree over shards {@code lo ≤ k < hi}. */
  public record Node(int lo, int hi) {
    /** A node covers at least one shard. */
    public Node {
      if (lo < 0 || hi <= lo) {
        throw new IllegalArgumentException("no subtree over [" + lo + ", " + hi + ")");
      }
    }

    /** One shard alone. */
    public static Node leaf(int shard) {
      return new Node(shard, shard + 1);
    }

    /** Whether this is one shard alone. */
    public boolean isLeaf() {
      return hi - lo == 1;
    }

    /** Left child: the largest power of two of shards below the node's own number. */
    public Node left() {
      return new Node(lo, middle());
    }

    /** Right child: what the left one leaves. */
    public Node right() {
      return new Node(middle(), hi);
    }

    private int middle() {
      return lo + Integer.highestOneBit(hi - lo - 1);
    }
  }

  private ReductionTree() {}

  /** The root over n shards. */
  public static Node root(int shards) {
    return new Node(0, shards);
  }

  /** The largest subtrees all of whose shards are owned, from left to right. */
  public static List<Node> maximalSubtrees(int shards, Set<Integer> owned) {
    List<Node> found = new ArrayList<>();
    collect(root(shards), new TreeSet<>(owned), found);
    return found;
  }

  /** Goes only where something is owned: a step has as many workers as shards at most. */
  private static void collect(Node node, NavigableSet<Integer> owned, List<Node> found) {
    NavigableSet<Integer> here = owned.subSet(node.lo(), true, node.hi(), false);
    if (here.isEmpty()) {
      return;
    }
    if (here.size() == node.hi() - node.lo()) {
      found.add(node);
    } else if (!node.isLeaf()) {
      collect(node.left(), owned, found);
      collect(node.right(), owned, found);
    }
  }

  /**
   * Adds parts up to {@code node} along the tree.
   *
   * @param parts sums of disjoint subtrees that together cover the node
   * @param add left + right; may reuse the left operand
   * @throws IllegalArgumentException if a shard is in no part
   */
  public static <B> B reduce(Node node, Map<Node, B> parts, BinaryOperator<B> add) {
    B part = parts.get(node);
    if (part != null) {
      return part;
    }
    if (node.isLeaf()) {
      throw new IllegalArgumentException("no gradient of logical shard " + node.lo());
    }
    return add.apply(reduce(node.left(), parts, add), reduce(node.right(), parts, add));
  }
}
