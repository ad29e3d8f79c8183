package io.akkord.actors.node;

import io.akkord.actors.node.NodeBoard.Failure;
import io.akkord.actors.node.NodeBoard.Node;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which nodes are there, come, and were lost of late. Times are milliseconds since 1970. */
final class WatchedNodes {
  static final String UP = "up";
  static final String UNREACHABLE = "unreachable";
  static final String JOINING = "joining";

  static final int KEPT_FAILURES = 20;
  private static final int KEPT_GONE = 1000;
  private static final Comparator<Node> CONTROL_FIRST =
      Comparator.comparing((Node n) -> !n.report().roles().contains("control"))
          .thenComparing(n -> n.report().node());

  /** A member that has not said yet what it is and has. */
  private record Newcomer(NodeReport known, long since, boolean letIn) {}

  /** A node from when it joined to when it is removed. */
  private record Life(String address, long pid, long startedAt, int incarnation, long log) {
    static Life of(NodeReport report) {
      return new Life(
          report.address(),
          report.pid(),
          report.startedAt(),
          report.incarnation(),
          report.log().stream());
    }
  }

  private final Set<Life> gone = new LinkedHashSet<>();
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<String, Newcomer> newcomers = new LinkedHashMap<>();
  private final Map<String, String> ends = new LinkedHashMap<>();
  private final Deque<Failure> failures = new ArrayDeque<>();

  /**
   * A report has come.
   *
   * @return whether its node is there: one that was under way when its node was removed does not
   *     bring it back
   */
  boolean told(NodeReport report, long now) {
    if (gone.contains(Life.of(report))) {
      return false;
    }
    newcomers.remove(report.address());
    nodes.put(report.address(), new Node(report, UP, now, ""));
    return true;
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
    return new NodeReport(
        address,
        host,
        address,
        0,
        roles,
        List.of(),
        0,
        0,
        0,
        0,
        0,
        1,
        "",
        List.of(),
        NodeLog.Part.NONE);
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
    Node removed = nodes.remove(address);
    String why = ends.remove(address);
    if (removed == null) {
      return;
    }
    NodeReport report = removed.report();
    gone.add(Life.of(report));
    if (gone.size() > KEPT_GONE) {
      gone.remove(gone.iterator().next());
    }
    if (why == null && !down) {
      return;
    }
    failures.addLast(
        new Failure(
            now,
            "%s (%s, pid %d)".formatted(report.node(), report.address(), report.pid()),
            why == null ? lost(removed, now) : "ended by itself: " + why));
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

  /** Who is there or comes, control nodes first. */
  List<Node> nodes() {
    List<Node> all = new ArrayList<>(nodes.values());
    newcomers.values().forEach(n -> all.add(new Node(n.known(), JOINING, n.since(), why(n))));
    all.sort(CONTROL_FIRST);
    return all;
  }

  /** Who was lost of late, oldest first. */
  List<Failure> failures() {
    return List.copyOf(failures);
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
