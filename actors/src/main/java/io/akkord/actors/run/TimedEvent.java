package io.akkord.actors.run;

/**
 * Something that happened, and when.
 *
 * @param at milliseconds since 1970; 0 where the record does not say
 */
public record TimedEvent(long at, RunEvent event) {}
