package io.akkord.actors.dashboard;

/**
 * A worker as it was last heard of.
 *
 * @param state joined, lost, or left as the run is over
 * @param reason why
 * @param joins how often it joined; above 1 it came back
 */
public record WorkerRow(String id, String state, String reason, long since, int joins) {}
