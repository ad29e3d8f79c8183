package io.akkord.actors.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class NodeBoardTest {
  private static final String ADDRESS = "127.0.0.1:7000";

  private final NodeBoard board = new NodeBoard();

  private static NodeReport report(String name, String address, long stream, long... numbers) {
    List<NodeLine> lines =
        LongStream.of(numbers)
            .mapToObj(number -> new NodeLine(number, number, "info", "node", "line " + number))
            .toList();
    return new NodeReport(
        name,
        "host",
        address,
        11,
        List.of("worker"),
        List.of("cpu:0"),
        4,
        100,
        50,
        10,
        1,
        1,
        "avx2",
        List.of(),
        new NodeLog.Part(stream, lines));
  }

  private List<String> texts(String name) {
    return board.said().stream()
        .filter(said -> said.node().equals(name))
        .flatMap(said -> said.lines().stream())
        .map(NodeLine::text)
        .toList();
  }

  @Test
  void whatANodeHasSaidOutlivesItAndItsSuccessorsLinesComeAfter() {
    board.told(report("a", ADDRESS, 1, 1, 2), 100);
    assertThat(board.position(ADDRESS)).isEqualTo(new NodeLog.Position(1, 2));
    board.removed(ADDRESS, true, 200);
    assertThat(board.nodes()).isEmpty();
    assertThat(board.failures())
        .singleElement()
        .satisfies(
            failure -> {
              assertThat(failure.at()).isEqualTo(200);
              assertThat(failure.node()).isEqualTo("a (127.0.0.1:7000, pid 11)");
              assertThat(failure.what()).startsWith("was lost: last heard of");
            });
    assertThat(texts("a")).containsExactly("line 1", "line 2");
    assertThat(board.position(ADDRESS)).isEqualTo(NodeLog.Position.NONE);
    board.told(report("a", ADDRESS, 2, 1), 300);
    assertThat(texts("a")).containsExactly("line 1", "line 2", "line 1");
  }

  @Test
  void anAnswerThatComesTwiceOrFromANewAddressOfTheProcessBringsNothingNew() {
    board.told(report("a", ADDRESS, 1, 1, 2), 100);
    board.told(report("a", ADDRESS, 1, 1, 2), 101);
    board.told(report("a", "127.0.0.1:7001", 1, 1, 2, 3), 102);
    assertThat(texts("a")).containsExactly("line 1", "line 2", "line 3");
  }

  @Test
  void aReportThatWasUnderWayWhenItsNodeWasRemovedDoesNotBringItBack() {
    board.told(report("a", ADDRESS, 1, 1), 100);
    board.removed(ADDRESS, false, 200);
    board.told(report("a", ADDRESS, 1, 1, 2), 201);
    assertThat(board.nodes()).isEmpty();
    assertThat(texts("a")).as("what it said counts").containsExactly("line 1", "line 2");
    board.told(report("a", ADDRESS, 2, 1), 300);
    assertThat(board.nodes()).as("another process at the same address").hasSize(1);
  }

  @Test
  void linesThatDidNotComeAreCountedAndSaid() {
    board.told(report("a", ADDRESS, 1, 1), 100);
    board.told(report("a", ADDRESS, 1, 5, 6), 101);
    assertThat(texts("a")).hasSize(4).contains("line 1", "line 5", "line 6");
    assertThat(texts("a").get(1)).startsWith("3 lines before this did not come here");
  }

  @Test
  void linesOfANodeAndNamesOfNodesHaveABound() {
    board.told(report("a", ADDRESS, 1, LongStream.rangeClosed(1, 3_000).toArray()), 100);
    assertThat(texts("a")).hasSize(NodeLines.KEPT).startsWith("line 1001");
    assertThat(board.said().get(0).left()).isEqualTo(1_000);
    for (int i = 0; i < NodeBoard.KEPT_NAMES + 20; i++) {
      board.told(report("node-" + i, "10.0.0.1:" + i, 100 + i, 1), 100);
      board.told(report("a", ADDRESS, 1), 100);
    }
    assertThat(board.said()).hasSize(NodeBoard.KEPT_NAMES);
    assertThat(texts("a")).as("who is heard of keeps its lines").isNotEmpty();
    assertThat(texts("node-0")).isEmpty();
  }

  @Test
  void aNodeThatIsOutOfReachSaysSoUntilItIsHeardOfAgain() {
    board.told(report("a", ADDRESS, 1), 100);
    board.reached(ADDRESS, false);
    assertThat(board.nodes()).extracting(NodeBoard.Node::state).containsExactly("unreachable");
    assertThat(board.nodes().get(0).heardAt()).isEqualTo(100);
    board.told(report("a", ADDRESS, 1), 200);
    assertThat(board.nodes()).extracting(NodeBoard.Node::state).containsExactly("up");
  }
}
