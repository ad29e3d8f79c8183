package io.akkord.actors.node;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is known of all nodes: the latest report of each, who was lost of late, and what each has
 * said, which outlives it. A {@link ClusterWatch} writes it, threads that show it read it.
 */
public final class NodeBoard {
  /** Nodes whose lines are kept, dead ones among them; who was silent longest makes room. */
  static final int KEPT_NAMES = 256;

  /**
   * A node as last heard of.
   *
   * @param state up, unreachable or joining
   * @param heardAt milliseconds since 1970; of one that is joining: since when
   * @param why one that is joining is not up yet
   */
  public record Node(NodeReport report, String state, long heardAt, String why) {}

  /** A node that was lost. */
  public record Failure(long at, String node, String what) {}

  /**
   * What a node has said.
   *
   * @param left older lines that are not kept
   */
  public record Said(String node, List<NodeLine> lines, long left) {}

  private final WatchedNodes nodes = new WatchedNodes();
  private final Map<String, NodeLines> said = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<Long, Long> read = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, Long> streams = new LinkedHashMap<>();

  /** How far the log of the node at an address was read. */
  synchronized NodeLog.Position position(String address) {
    Long stream = streams.get(address);
    return stream == null
        ? NodeLog.Position.NONE
        : new NodeLog.Position(stream, read.getOrDefault(stream, 0L));
  }

  synchronized void told(NodeReport report, long now) {
    NodeLog.Part part = report.log();
    if (nodes.told(report, now)) {
      streams.put(report.address(), part.stream());
    }
    long before = read.getOrDefault(part.stream(), 0L);
    NodeLines lines = said.computeIfAbsent(report.node(), name -> new NodeLines());
    for (NodeLine line : part.lines()) {
      // An answer that comes twice, or by way of a new address, brings nothing new.
      if (line.number() > before) {
        if (line.number() > before + 1) {
          lines.add(gap(line, before));
        }
        lines.add(line);
        before = line.number();
      }
    }
    read.put(part.stream(), before);
    trim(said);
    trim(read);
  }

  private static NodeLine gap(NodeLine next, long before) {
    long missing = next.number() - before - 1;
    return new NodeLine(
        next.number() - 1,
        next.at(),
        "warn",
        "node",
        "%d line%s before this did not come here: more was said than is sent with a report; the node's own log has all of them"
            .formatted(missing, missing == 1 ? "" : "s"));
  }

  private static void trim(Map<?, ?> map) {
    for (Iterator<?> oldest = map.keySet().iterator(); map.size() > KEPT_NAMES; ) {
      oldest.next();
      oldest.remove();
    }
  }

  /** A member is there that the cluster has let in, or has not yet. */
  synchronized void member(String address, List<String> roles, boolean letIn, long now) {
    nodes.member(address, roles, letIn, now);
  }

  /** A node has said why it ends, which nobody has asked it to. */
  synchronized void ends(NodeEnd end) {
    nodes.ends(end);
  }

  /**
   * A node has gone; what it has said stays.
   *
   * @param lost whether nobody asked it to
   */
  synchronized void removed(String address, boolean lost, long now) {
    streams.remove(address);
    nodes.removed(address, lost, now);
  }

  synchronized void reached(String address, boolean reachable) {
    nodes.reached(address, reachable);
  }

  /** The nodes that are there or come, control nodes first. */
  public synchronized List<Node> nodes() {
    return nodes.nodes();
  }

  /** Who was lost of late, oldest first. */
  public synchronized List<Failure> failures() {
    return nodes.failures();
  }

  /** What each node has said, the dead too. */
  public synchronized List<Said> said() {
    List<Said> all = new ArrayList<>();
    said.forEach((name, lines) -> all.add(new Said(name, lines.all(), lines.left())));
    all.sort(Comparator.comparing(Said::node));
    return all;
  }
}
