package io.akkord.actors.node;

import io.akkord.actors.run.ActorTree;
import java.util.List;

/**
 * What a node says of itself.
 *
 * @param node its name
 * @param address host:port of its messages
 * @param devices such as cpu:0
 * @param memoryBytes of the machine, as far as this process may use it
 * @param memoryUsedBytes of the machine, by anybody
 * @param rssBytes of this process
 * @param incarnation how often its actor system was started; more than once if it was cut off
 * @param machine instruction set and build of the native library
 * @param actors those of runs, as they stand
 * @param log lines that who asks does not have yet
 */
public record NodeReport(
    String node,
    String host,
    String address,
    long pid,
    List<String> roles,
    List<String> devices,
    int cores,
    long memoryBytes,
    long memoryUsedBytes,
    long rssBytes,
    long startedAt,
    int incarnation,
    String machine,
    List<ActorTree.Row> actors,
    NodeLog.Part log)
    implements NodeAgent.Said {}
