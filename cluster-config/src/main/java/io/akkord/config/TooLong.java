package io.akkord.config;

/** What happens to a sample longer than max_length. */
public enum TooLong {
  ERROR,
  DROP,
  TRUNCATE
}
