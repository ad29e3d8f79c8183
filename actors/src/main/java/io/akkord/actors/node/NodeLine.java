package io.akkord.actors.node;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One line that a node has said.
 *
 * @param number rising within the process
 * @param at milliseconds since 1970
 * @param level debug, info, warn or error
 * @param actor which part of the node says so
 */
public record NodeLine(long number, long at, String level, String actor, String text) {
  private static final Pattern HUMP = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])");

  /**
   * Names an actor as people do: {@code io.akkord.actors.params.ParameterServer} is the
   * parameter-server.
   */
  public static String actor(String logger) {
    String last = logger.substring(logger.lastIndexOf('.') + 1).replace('$', '-');
    return HUMP.matcher(last).replaceAll("-").toLowerCase(Locale.ROOT);
  }
}
