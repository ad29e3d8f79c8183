package io.akkord.actors.dashboard;

import java.util.List;

/**
 * One line for people.
 *
 * @param number rising, so that a reader sees that one has come; 0: of another process
 * @param at milliseconds since 1970
 * @param level one of {@link #LEVELS}
 * @param source whose line it is: the run's own process, a worker, a node
 * @param actor which part of it speaks; empty where that is not known
 */
public record LogLine(
    long number, long at, String level, String source, String actor, String text) {
  /** From the least to the most serious. */
  public static final List<String> LEVELS = List.of("debug", "info", "warn", "error");

  /** The source of the process that carries the run. */
  public static final String RUN = "run";

  /** Whether it is as serious as that, or more. */
  boolean atLeast(String least) {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
  }
}
