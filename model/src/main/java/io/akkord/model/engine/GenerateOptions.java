package io.akkord.model.engine;

import java.util.List;

/**
 * How completions are sampled.
 *
 * @param temperature T; 0 is greedy
 * @param topP nucleus mass p in (0, 1]
 * @param maxNewTokens at most so many tokens, EOS included
 * @param eosTokenIds any of them ends a completion
 */
public record GenerateOptions(
    double temperature, double topP, int maxNewTokens, List<Integer> eosTokenIds) {
  /** Copies the list. */
  public GenerateOptions {
    eosTokenIds = List.copyOf(eosTokenIds);
  }
}
