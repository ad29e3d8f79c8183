package io.akkord.actors.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class WorkPoolTest {
  private final WorkPool<Integer> pool = new WorkPool<>(List.of(1, 2, 3));

  @Test
  void everyWorkerHasOneUnitAtATime() {
    assertThat(pool.next("a")).contains(1);
    assertThat(pool.next("a")).isEmpty();
    assertThat(pool.next("b")).contains(2);
    assertThat(pool.workers()).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void whatALostWorkerHadIsGivenOutNext() {
    pool.next("a");
    pool.next("b");
    pool.lose("a");
    pool.finish("b", 2);
    assertThat(pool.next("b")).contains(1);
  }

  @Test
  void aUnitCountsOnceHoweverOftenItIsDone() {
    pool.next("a");
    pool.lose("a");
    pool.next("b");
    assertThat(pool.finish("a", 1)).as("the lost worker was done after all").isTrue();
    assertThat(pool.finish("b", 1)).isFalse();
    pool.next("b");
    pool.finish("b", 2);
    assertThat(pool.complete()).isFalse();
    pool.next("b");
    pool.finish("b", 3);
    assertThat(pool.complete()).isTrue();
  }

  @Test
  void aUnitThatIsDoneIsNotGivenOutAgain() {
    pool.next("a");
    pool.lose("a");
    pool.finish("a", 1);
    assertThat(pool.next("b")).contains(2);
  }
}
