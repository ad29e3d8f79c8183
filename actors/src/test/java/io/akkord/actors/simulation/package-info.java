/**
 * A head, some workers and everything that can happen to them, in one thread: the actors, states,
 * deadlines and checkpoint files are the product's; clock, network, journal disk and devices are
 * simulated. ARCHITECTURE.md, "How it is proved", says how to replay a seed.
 */
package io.akkord.actors.simulation;
