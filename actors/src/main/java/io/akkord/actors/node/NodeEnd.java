package io.akkord.actors.node;

/**
 * A node's last word when it ends and nobody has asked it to.
 *
 * @param address host:port of its messages
 * @param why for a person
 */
public record NodeEnd(String address, String why) implements NodeAgent.Said {}
