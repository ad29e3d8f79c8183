package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.actors.bulk.LaneAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SliceHoldersTest {
  private final SliceHolders holders =
      new SliceHolders(List.of(List.of(holder("a"), holder("b")), List.of(holder("b"))));

  private static Holder holder(String id) {
    return new Holder(id, null, new LaneAddress(id, 1));
  }

  @Test
  void aSliceIsSummedWhenEveryLivingCopyIs() {
    holders.summed(0, "a", new double[] {1, 2});
    assertThat(holders.complete(0)).isEmpty();
    assertThat(holders.missing(0)).containsExactly("b");
    holders.summed(0, "b", new double[] {1, 2});
    assertThat(holders.complete(0)).hasValue(new double[] {1, 2});
    assertThat(holders.complete(1)).isEmpty();
  }

  @Test
  void theDeathOfTheOneThatIsMissingCompletesTheSlice() {
    holders.summed(0, "b", new double[] {3});
    assertThat(holders.lose(h -> h.id().equals("a"))).containsExactly(holder("b"));
    assertThat(holders.complete(0)).hasValue(new double[] {3});
  }

  @Test
  void losingTheSecondCopyPromotesNobody() {
    assertThat(holders.lose(h -> h.id().equals("nobody"))).isEmpty();
    holders.add(1, holder("c"));
    assertThat(holders.lose(h -> h.id().equals("c"))).isEmpty();
    assertThat(holders.lanes().get(1)).containsExactly(new LaneAddress("b", 1));
  }

  @Test
  void theOnlyCopyIsAnOrphanAndIsNotForgotten() {
    assertThat(holders.orphans(h -> h.id().equals("b"))).containsExactly(1);
    assertThat(holders.orphans(h -> h.id().equals("a"))).isEmpty();
  }

  @Test
  void aCopyThatHasNotSummedYetSparesNobodyAndSavesNothing() {
    holders.add(1, holder("c"));
    assertThat(holders.spares("b", Set.of("b"), 1)).isFalse();
    assertThat(holders.orphans(h -> h.id().equals("b"))).containsExactly(1);
    holders.summed(1, "c", new double[] {1});
    assertThat(holders.spares("b", Set.of("b"), 1)).isTrue();
    assertThat(holders.orphans(h -> h.id().equals("b"))).isEmpty();
    assertThat(holders.spares("b", Set.of("b"), 2)).as("a alone keeps slice 0 then").isFalse();
    assertThat(holders.spares("b", Set.of("a", "b"), 1)).as("a leaves, too").isFalse();
    assertThat(holders.spares("nobody", Set.of("nobody"), 2)).isTrue();
  }

  @Test
  void sumsOfOthersAreNotTakenForThoseOfACopy() {
    holders.summed(1, "a", new double[] {7});
    holders.summed(1, "b", new double[] {1});
    assertThat(holders.complete(1)).hasValue(new double[] {1});
  }

  @Test
  void copiesThatDifferAreFound() {
    holders.summed(0, "a", new double[] {1, 2});
    assertThatThrownBy(() -> holders.summed(0, "b", new double[] {1, 2.0000001}))
        .isInstanceOf(SliceHolders.Disagreement.class)
        .hasMessageContaining("slice 0 in a and b differ");
  }

  @Test
  void sumsOfAnAssignmentThatIsVoidAreForgotten() {
    holders.summed(1, "b", new double[] {1});
    holders.clearSums();
    assertThat(holders.complete(1)).isEmpty();
  }
}
