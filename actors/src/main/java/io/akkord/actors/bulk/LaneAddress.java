package io.akkord.actors.bulk;

import io.akkord.actors.CborMessage;

/**
 * Where blocks are sent to.
 *
 * @param endpoint the process; {@code jvm} inside this one
 * @param lane the receiver in that process
 */
public record LaneAddress(String endpoint, long lane) implements CborMessage {}
