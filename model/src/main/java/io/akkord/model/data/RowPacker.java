package io.akkord.model.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which samples share a row: first fit, the longest first, equal lengths in their order. A pure
 * function of the samples, so that it does not matter who packs them.
 */
public final class RowPacker {
  private RowPacker() {}

  /**
   * Rows of samples.
   *
   * @param maxLength most tokens of a row; a longer sample has a row of its own
   */
  public static List<List<TokenizedSample>> rows(List<TokenizedSample> samples, int maxLength) {
    List<TokenizedSample> ordered = new ArrayList<>(samples);
    ordered.sort(Comparator.comparingInt(TokenizedSample::length).reversed());
    List<List<TokenizedSample>> rows = new ArrayList<>();
    List<Integer> room = new ArrayList<>();
    for (TokenizedSample sample : ordered) {
      int row = 0;
      while (row < rows.size() && room.get(row) < sample.length()) {
        row++;
      }
      if (row == rows.size()) {
        rows.add(new ArrayList<>());
        room.add(maxLength);
      }
      rows.get(row).add(sample);
      room.set(row, room.get(row) - sample.length());
    }
    return rows;
  }
}
