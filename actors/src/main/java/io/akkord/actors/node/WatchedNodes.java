package io.akkord.actors.node;

import io.akkord.actors.node.ClusterWatch.Failure;
import io.akkord.actors.node.ClusterWatch.Node;
import io.akkord.actors.node.ClusterWatch.Status;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a control node knows of all nodes. Times are milliseconds since 1970. */
final class WatchedNodes {
  static final String UP = "up";
  static final String UNREACHABLE = "unreachable";
  static final String JOINING = "joining";

  private static final int KEPT_FAILURES = 20;
  private static final Comparator<Node> CONTROL_FIRST =
      Comparator.comparing((Node n) -> !n.report().roles().contains("control"))
          .thenComparing(n -> n.report().node());

  /** A member that has not said yet what it is and has. */
  private record Newcomer(NodeReport known, long since, boolean letIn) {}

  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<String, Newcomer> newcomers = new LinkedHashMap<>();
  private final Map<String, String> ends = new LinkedHashMap<>();
  private final Deque<Failure> failures = new ArrayDeque<>();

  void told(NodeReport report, long now) {
    newcomers.remove(report.address());
    nodes.put(report.address(), new Node(report, UP, now, ""));
  }

  /** A member is there that the cluster has let in, or has not yet. */
  void member(String address, List<String> roles, boolean letIn, long now) {
    if (nodes.containsKey(address)) {
      return;
    }
    Newcomer before = newcomers.get(address);
    long since = before == null ? now : before.since();
    newcomers.put(address, new Newcomer(nameless(address, roles), since, letIn));
  }

  private static NodeReport nameless(String address, List<String> roles) {
    String host = address.substring(0, Math.max(0, address.lastIndexOf(':')));
    return new NodeReport(address, host, address, 0, roles, List.of(), 0, 0, 0, 0, 0, 1, "");
  }

  void reached(String address, boolean reachable) {
    nodes.computeIfPresent(
        address,
        (a, node) ->
            new Node(node.report(), reachable ? UP : UNREACHABLE, node.heardAt(), node.why()));
  }

  /** A node has said why it ends, which nobody has asked it to. */
  void ends(NodeEnd end) {
    ends.put(end.address(), end.why());
  }

  /**
   * A member is gone.
   *
   * @param down the others have gone on without it, it has not left by itself
   */
  void removed(String address, boolean down, long now) {
    newcomers.remove(address);
    Node gone = nodes.remove(address);
    String why = ends.remove(address);
    if (gone == null || (why == null && !down)) {
      return;
    }
    NodeReport report = gone.report();
    failures.addLast(
        new Failure(
            now,
            "%s (%s, pid %d)".formatted(report.node(), report.address(), report.pid()),
            why == null ? lost(gone, now) : "ended by itself: " + why));
    if (failures.size() > KEPT_FAILURES) {
      failures.removeFirst();
    }
  }

  private static String lost(Node gone, long now) {
    return "was lost: last heard of at %s, %d s before; the cluster goes on without it, and the last lines of its log on %s are the next to look at"
        .formatted(
            Instant.ofEpochMilli(gone.heardAt() / 1000 * 1000),
            (now - gone.heardAt()) / 1000,
            gone.report().host());
  }

  /** Everything, control nodes first. */
  Status status() {
    List<Node> all = new ArrayList<>(nodes.values());
    newcomers.values().forEach(n -> all.add(new Node(n.known(), JOINING, n.since(), why(n))));
    all.sort(CONTROL_FIRST);
    return new Status(all, List.copyOf(failures));
  }

  private String why(Newcomer newcomer) {
    if (newcomer.letIn()) {
      return "is a member, has not said yet what it offers";
    }
    List<String> silent =
        nodes.values().stream()
            .filter(node -> node.state().equals(UNREACHABLE))
            .map(node -> node.report().node())
            .toList();
    return "wants to join, is not let in yet: "
        + (silent.isEmpty()
            ? "the nodes have to agree on it first"
            : "nobody is until %s can be reached again or is removed"
                .formatted(String.join(", ", silent)));
  }
}
