package io.akkord.actors.node;

import io.akkord.actors.run.ActorTree;
import java.util.List;

/** Boards for tests of those who read them. */
public final class NodeBoards {
  private NodeBoards() {}

  /** A node named so, with these lines and actors. */
  public static NodeReport report(
      String name, long pid, List<ActorTree.Row> actors, NodeLine... lines) {
    return new NodeReport(
        name,
        "host",
        "127.0.0.1:" + pid,
        pid,
        List.of("worker"),
        List.of("cpu:0"),
        4,
        1L << 30,
        1L << 29,
        1L << 28,
        1_000,
        1,
        "avx2",
        actors,
        new NodeLog.Part(pid, List.of(lines)));
  }

  /** One is there, one was lost after it had complained. */
  public static NodeBoard twoNodesOneDead() {
    NodeBoard board = new NodeBoard();
    board.told(
        report("alive", 1, List.of(), new NodeLine(1, 1_000, "info", "node", "alive begins")),
        4_000);
    board.told(
        report(
            "dead",
            2,
            List.of(),
            new NodeLine(1, 1_001, "info", "node", "dead begins"),
            new NodeLine(2, 2_000, "warn", "checkpointer", "the disk is slow"),
            new NodeLine(3, 3_000, "error", "checkpointer", "the disk has gone")),
        4_000);
    board.removed("127.0.0.1:2", true, 4_500);
    return board;
  }
}
