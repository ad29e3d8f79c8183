package io.akkord.actors.params;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AssignmentTest {
  @Test
  void sharesAreContiguousAndBalanced() {
    Assignment assignment = Assignment.of(1, 8, List.of("a", "b", "c"));
    assertThat(assignment.shardsOf("a")).containsExactly(0, 1, 2);
    assertThat(assignment.shardsOf("b")).containsExactly(3, 4, 5);
    assertThat(assignment.shardsOf("c")).containsExactly(6, 7);
  }

  @Test
  void moreWorkersThanShardsLeavesSomeWithoutAShare() {
    Assignment assignment = Assignment.of(1, 2, List.of("a", "b", "c", "d"));
    assertThat(assignment.owners()).hasSize(2).doesNotHaveDuplicates();
  }
}
