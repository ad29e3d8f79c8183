package io.akkord.actors.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What a control node knows of the nodes, event by event. */
class WatchedNodesTest {
  private static final long T = 1_790_000_000_000L;

  private final WatchedNodes nodes = new WatchedNodes();

  private static NodeReport report(String name, String role) {
    String address = "10.0.0.1:" + (7000 + name.hashCode() % 100);
    return new NodeReport(
        name,
        "alpha",
        address,
        41,
        List.of(role),
        List.of("cpu:0"),
        2,
        0,
        0,
        0,
        T,
        1,
        "x",
        List.of(),
        NodeLog.Part.NONE);
  }

  private static final NodeReport WORKER = report("w", "worker");
  private static final NodeReport HEAD = report("z", "control");

  /** The same node, started anew. */
  private static NodeReport again(int pid) {
    return new NodeReport(
        "w",
        "alpha",
        WORKER.address(),
        pid,
        List.of("worker"),
        List.of("cpu:0"),
        2,
        0,
        0,
        0,
        T,
        1,
        "x",
        List.of(),
        NodeLog.Part.NONE);
  }

  @Test
  void aReportThatComesAfterTheEndOfItsNodeDoesNotBringItBackAndAnotherProcessIsNews() {
    assertThat(nodes.told(WORKER, T)).isTrue();
    nodes.removed(WORKER.address(), true, T);
    assertThat(nodes.told(WORKER, T + 1)).isFalse();
    assertThat(states()).isEmpty();
    assertThat(nodes.told(again(42), T + 2)).isTrue();
    assertThat(states()).containsExactly("w up");
    assertThat(nodes.failures()).hasSize(1);
  }

  private List<String> states() {
    return nodes.nodes().stream().map(n -> n.report().node() + " " + n.state()).toList();
  }

  @Test
  void whoHasReportedIsUpAndControlNodesComeFirst() {
    nodes.told(WORKER, T);
    nodes.told(HEAD, T + 1);
    assertThat(states()).containsExactly("z up", "w up");
    assertThat(nodes.nodes().get(0).heardAt()).isEqualTo(T + 1);
  }

  @Test
  void whoIsNotLetInIsPendingWithTheReason() {
    nodes.told(HEAD, T);
    nodes.member(WORKER.address(), List.of("worker"), false, T);
    nodes.member(WORKER.address(), List.of("worker"), false, T + 5000);
    NodeBoard.Node joining = nodes.nodes().get(1);
    assertThat(joining.state()).isEqualTo("joining");
    assertThat(joining.heardAt()).as("since when").isEqualTo(T);
    assertThat(joining.why()).contains("not let in yet", "have to agree");
    nodes.reached(HEAD.address(), false);
    assertThat(nodes.nodes().get(1).why()).contains("until z can be reached again");
    nodes.member(WORKER.address(), List.of("worker"), true, T + 6000);
    assertThat(nodes.nodes().get(1).why()).contains("has not said yet what it offers");
    nodes.told(WORKER, T + 7000);
    assertThat(states()).containsExactly("z unreachable", "w up");
    nodes.member(WORKER.address(), List.of("worker"), true, T + 8000);
    assertThat(states()).as("a late event").containsExactly("z unreachable", "w up");
  }

  @Test
  void whoWasLostIsAFailureWithItsLastSign() {
    nodes.told(WORKER, T);
    nodes.reached(WORKER.address(), false);
    nodes.removed(WORKER.address(), true, T + 9_400);
    assertThat(states()).isEmpty();
    NodeBoard.Failure failure = nodes.failures().get(0);
    assertThat(failure.at()).isEqualTo(T + 9_400);
    assertThat(failure.node()).isEqualTo("w (%s, pid 41)".formatted(WORKER.address()));
    assertThat(failure.what())
        .startsWith("was lost: last heard of at 2026-09-21T14:13:20Z, 9 s before;")
        .contains("its log on alpha");
  }

  @Test
  void whoSaidWhyItEndsIsAFailureWithThatReasonHoweverItLeft() {
    nodes.told(WORKER, T);
    nodes.told(HEAD, T);
    nodes.ends(new NodeEnd(WORKER.address(), "java.lang.OutOfMemoryError: Java heap space"));
    nodes.removed(WORKER.address(), false, T + 1);
    nodes.ends(new NodeEnd(HEAD.address(), "why not"));
    nodes.removed(HEAD.address(), true, T + 2);
    assertThat(nodes.failures())
        .extracting(NodeBoard.Failure::what)
        .containsExactly(
            "ended by itself: java.lang.OutOfMemoryError: Java heap space",
            "ended by itself: why not");
  }

  @Test
  void whoLeavesPolitelyOrNeverReportedIsNoFailure() {
    nodes.told(WORKER, T);
    nodes.removed(WORKER.address(), false, T);
    nodes.member(WORKER.address(), List.of("worker"), false, T);
    nodes.removed(WORKER.address(), true, T);
    assertThat(nodes.nodes()).isEmpty();
    assertThat(nodes.failures()).isEmpty();
  }

  @Test
  void theOldestFailuresAreForgotten() {
    for (int i = 0; i < 30; i++) {
      nodes.told(again(i), T + i);
      nodes.removed(WORKER.address(), true, T + i);
    }
    assertThat(nodes.failures()).hasSize(20);
    assertThat(nodes.failures().get(0).at()).isEqualTo(T + 10);
  }
}
