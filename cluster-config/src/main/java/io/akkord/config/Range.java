package io.akkord.config;

/** The whole numbers [from, to). */
public record Range(int from, int to) {
  public int size() {
    return to - from;
  }

  public boolean isEmpty() {
    return from == to;
  }
}
