package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneInbox.Block;
import io.akkord.model.tree.ReductionTree;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class GradientPartsTest {
  private final GradientParts parts = new GradientParts();
  private final List<String> released = new ArrayList<>();

  @Test
  void partsThatCoverAllShardsAreComplete() {
    parts.expect(3, new long[] {1, 1, 1, 1});
    parts.add(block(3, 1, 0, 2));
    assertThat(parts.complete()).isFalse();
    parts.add(block(3, 1, 2, 4));
    assertThat(parts.complete()).isTrue();
    assertThat(released).isEmpty();
  }

  @Test
  void aBlockOfAnotherStepOrAssignmentIsReleasedBeforeItCounts() {
    parts.expect(3, new long[] {1, 1, 2, 2});
    parts.add(block(2, 1, 0, 2));
    parts.add(block(3, 1, 2, 4));
    parts.add(block(3, 2, 0, 2));
    parts.add(block(3, 1, 0, 4));
    assertThat(released).hasSize(4);
    assertThat(parts.bytes()).isEmpty();
  }

  @Test
  void aBlockThatComesTwiceIsReleased() {
    parts.expect(0, new long[] {1, 1});
    parts.add(block(0, 1, 0, 2));
    parts.add(block(0, 1, 0, 2));
    assertThat(released).hasSize(1);
    assertThat(parts.complete()).isTrue();
  }

  @Test
  void aPartOfWhatIsHereAndWhatIsNoSubtreeAreReleased() {
    parts.expect(0, new long[] {1, 1, 1, 1});
    parts.add(block(0, 1, 0, 2));
    parts.add(block(0, 1, 0, 1));
    parts.add(block(0, 1, 0, 4));
    parts.add(block(0, 1, 1, 3));
    parts.add(block(0, 1, 3, 3));
    parts.add(block(0, 1, 2, 5));
    assertThat(released).hasSize(5);
    parts.add(block(0, 1, 2, 4));
    assertThat(parts.complete()).isTrue();
  }

  @Test
  void whatWasExpectedBeforeDoesNotComeBack() {
    parts.expect(1, new long[] {2, 3});
    parts.add(block(1, 2, 0, 1));
    assertThat(parts.expect(0, new long[] {4, 4})).isEmpty();
    assertThat(parts.expect(1, new long[] {2, 2})).isEmpty();
    assertThat(parts.step()).isEqualTo(1);
    parts.add(block(1, 3, 1, 2));
    assertThat(parts.complete()).isTrue();
    parts.markSummed();
    assertThat(parts.expect(1, new long[] {2, 3})).isEmpty();
    assertThat(parts.isSummed()).as("the same once more").isTrue();
  }

  @Test
  void partsOfShardsThatMoveAreGivenBackAndTheOthersStay() {
    parts.expect(0, new long[] {1, 1, 1, 1});
    parts.add(block(0, 1, 0, 2));
    parts.add(block(0, 1, 2, 4));
    List<Block> stale = parts.expect(0, new long[] {1, 1, 2, 2});
    assertThat(stale).extracting(b -> b.header().lo()).containsExactly(2);
    assertThat(parts.complete()).isFalse();
    parts.add(block(0, 2, 2, 4));
    assertThat(parts.complete()).isTrue();
    assertThat(parts.assignment()).isEqualTo(2);
  }

  @Test
  void aBlockOfAStepOrAssignmentThatIsNotAnnouncedYetIsEarly() {
    parts.expect(4, new long[] {1});
    assertThat(parts.early(block(5, 1, 0, 1).header())).isTrue();
    assertThat(parts.early(block(4, 2, 0, 1).header())).isTrue();
    assertThat(parts.early(block(4, 1, 0, 1).header())).isFalse();
    assertThat(parts.early(block(3, 2, 0, 1).header())).isFalse();
  }

  /** Whoever owns what, also after any number of moves: the same floats in the same order. */
  @Test
  void anyOwnershipAddsInTheSameOrder() {
    Random random = new Random(11);
    for (int round = 0; round < 300; round++) {
      int shards = 1 + random.nextInt(12);
      float[] leaves = new float[shards];
      for (int i = 0; i < shards; i++) {
        leaves[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(9) - 4));
      }
      Map<Node, Float> alone = Map.of(ReductionTree.root(shards), sum(0, shards, leaves));
      float expected = ReductionTree.reduce(ReductionTree.root(shards), alone, Float::sum);
      Map<Node, Float> partial = new HashMap<>();
      for (Set<Integer> owned : split(shards, 1 + random.nextInt(5), random)) {
        for (Node node : ReductionTree.maximalSubtrees(shards, owned)) {
          partial.put(node, sum(node.lo(), node.hi(), leaves));
        }
      }
      float shared = ReductionTree.reduce(ReductionTree.root(shards), partial, Float::sum);
      assertThat(Float.floatToRawIntBits(shared)).isEqualTo(Float.floatToRawIntBits(expected));
    }
  }

  private static float sum(int lo, int hi, float[] leaves) {
    Map<Node, Float> parts = new HashMap<>();
    for (int shard = lo; shard < hi; shard++) {
      parts.put(Node.leaf(shard), leaves[shard]);
    }
    return ReductionTree.reduce(new Node(lo, hi), parts, Float::sum);
  }

  private static List<Set<Integer>> split(int shards, int workers, Random random) {
    List<Set<Integer>> owned = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      owned.add(new TreeSet<>());
    }
    for (int shard = 0; shard < shards; shard++) {
      owned.get(random.nextInt(workers)).add(shard);
    }
    return owned;
  }

  private Block block(long step, long assignment, int lo, int hi) {
    BulkHeader header =
        new BulkHeader("run", 1, step, assignment, Kind.GRADIENT, Dtype.FLOAT32, lo, hi, 0);
    return new Block(header, ByteBuffer.allocate(4), () -> released.add(header.toString()));
  }
}
