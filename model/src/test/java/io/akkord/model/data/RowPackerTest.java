package io.akkord.model.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowPackerTest {
  private static TokenizedSample sample(int index, int length) {
    return new TokenizedSample(index, new int[] {index}, new int[length - 1]);
  }

  private static List<List<Integer>> indices(List<List<TokenizedSample>> rows) {
    return rows.stream().map(r -> r.stream().map(TokenizedSample::index).toList()).toList();
  }

  @Test
  void theLongestComeFirstAndEachGoesIntoTheFirstRowWithRoom() {
    List<TokenizedSample> samples =
        List.of(sample(0, 3), sample(1, 8), sample(2, 5), sample(3, 2), sample(4, 3));
    assertThat(indices(RowPacker.rows(samples, 10)))
        .containsExactly(List.of(1, 3), List.of(2, 0), List.of(4));
  }

  @Test
  void aSampleLongerThanARowHasOneOfItsOwn() {
    List<TokenizedSample> samples = List.of(sample(0, 2), sample(1, 11));
    assertThat(indices(RowPacker.rows(samples, 10))).containsExactly(List.of(1), List.of(0));
  }

  @Test
  void everySampleStandsOnceAndNoRowIsTooLong() {
    List<TokenizedSample> samples = new ArrayList<>();
    Random random = new Random(3);
    for (int i = 0; i < 200; i++) {
      samples.add(sample(i, 2 + random.nextInt(60)));
    }
    List<List<TokenizedSample>> rows = RowPacker.rows(samples, 64);
    List<Integer> all = new ArrayList<>();
    for (List<TokenizedSample> row : rows) {
      assertThat(row.stream().mapToInt(TokenizedSample::length).sum()).isLessThanOrEqualTo(64);
      row.forEach(sample -> all.add(sample.index()));
    }
    Collections.sort(all);
    assertThat(all).hasSize(200).doesNotHaveDuplicates();
    int tokens = samples.stream().mapToInt(TokenizedSample::length).sum();
    assertThat(rows.size()).isLessThan((int) Math.ceil(tokens / 64.0 * 1.1));
  }
}
