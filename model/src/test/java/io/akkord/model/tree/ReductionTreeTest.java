package io.akkord.model.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.tree.ReductionTree.Node;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReductionTreeTest {

  @Test
  void everyOwnershipGivesTheSameAssociation() {
    Random random = new Random(7);
    for (int shards = 1; shards <= 13; shards++) {
      String whole = sum(shards, List.of(range(0, shards)));
      for (int trial = 0; trial < 50; trial++) {
        int workers = 1 + random.nextInt(5);
        List<Set<Integer>> owned = new java.util.ArrayList<>();
        for (int w = 0; w < workers; w++) {
          owned.add(new HashSet<>());
        }
        for (int shard = 0; shard < shards; shard++) {
          owned.get(random.nextInt(workers)).add(shard);
        }
        assertThat(sum(shards, owned)).isEqualTo(whole);
      }
    }
  }

  @Test
  void theTreeOverFiveShardsIsTheDocumentedOne() {
    assertThat(sum(5, List.of(range(0, 5)))).isEqualTo("(((0+1)+(2+3))+4)");
    assertThat(sum(3, List.of(range(0, 3)))).isEqualTo("((0+1)+2)");
    assertThat(sum(8, List.of(range(0, 8)))).isEqualTo("(((0+1)+(2+3))+((4+5)+(6+7)))");
  }

  @Test
  void aShardThatNobodySentIsNamed() {
    assertThatThrownBy(
            () ->
                ReductionTree.reduce(
                    ReductionTree.root(4), Map.of(new Node(0, 2), "x"), (a, b) -> a + b))
        .hasMessageContaining("logical shard 2");
  }

  private static Set<Integer> range(int from, int to) {
    Set<Integer> set = new HashSet<>();
    for (int i = from; i < to; i++) {
      set.add(i);
    }
    return set;
  }

  /**
   * Every worker adds inside its maximal subtrees, the receiver finishes; strings show the
   * association.
   */
  private static String sum(int shards, List<Set<Integer>> ownership) {
    Map<Node, String> sent = new HashMap<>();
    for (Set<Integer> owned : ownership) {
      Map<Node, String> leaves = new HashMap<>();
      owned.forEach(shard -> leaves.put(Node.leaf(shard), "" + shard));
      for (Node node : ReductionTree.maximalSubtrees(shards, owned)) {
        sent.put(node, ReductionTree.reduce(node, leaves, (a, b) -> "(" + a + "+" + b + ")"));
      }
    }
    return ReductionTree.reduce(
        ReductionTree.root(shards), sent, (a, b) -> "(" + a + "+" + b + ")");
  }
}
