package io.akkord.actors.params;

import akka.actor.typed.ActorRef;
import io.akkord.actors.CborMessage;
import io.akkord.actors.bulk.LaneAddress;

/**
 * One copy of a parameter slice.
 *
 * @param id of the process that keeps it: a worker's id where workers keep slices
 */
public record Holder(String id, ActorRef<ParameterShard.Command> ref, LaneAddress lane)
    implements CborMessage {}
