package io.akkord.actors.dashboard;

/**
 * One line for people.
 *
 * @param number rising, so that a reader can ask for what came since
 * @param at milliseconds since 1970
 * @param level info, warn or error
 * @param source who says so
 */
public record LogLine(long number, long at, String level, String source, String text) {}
