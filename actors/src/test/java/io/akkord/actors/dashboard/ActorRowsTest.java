package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.node.NodeBoards;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunRecord;
import io.akkord.actors.run.TimedEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tree of a run over all its processes. */
class ActorRowsTest {
  @TempDir private Path folder;

  private record Live(List<ActorTree.Row> actors) implements LiveRun {
    @Override
    public void stop(String reason) {}

    @Override
    public LedgerReader ledger() {
      throw new IllegalStateException("nobody asks");
    }

    @Override
    public List<String> devices() {
      return List.of();
    }

    @Override
    public List<NodeBoard.Node> nodes() {
      return List.of();
    }
  }

  private static NodeBoard.Node node(String name, long heardAt, ActorTree.Row... actors) {
    return new NodeBoard.Node(NodeBoards.report(name, 7, List.of(actors)), "up", heardAt, "");
  }

  private static String text(Map<String, Object> row) {
    return "%s on %s: %s, %s, %s of the %s, mailbox %s"
        .formatted(
            row.get("path"),
            row.get("node"),
            row.get("state"),
            row.get("reason"),
            row.get("restarts"),
            row.get("restarts_of"),
            row.get("mailbox"));
  }

  @Test
  void actorsOfOtherProcessesAreThereWithTheirMailboxesAndRestartsSayOfWhat() throws IOException {
    try (RunRecord record = RunRecord.create(folder.resolve("run"), "run");
        RunView run = RunView.of(record.folder())) {
      record.write(Happenings.opened(1, 0, 100)).write(Happenings.opened(2, 0, 100));
      run.follow(new Live(List.of(new ActorTree.Row("run-run-2/supervisor", 1, "running", 1))));
      for (String id : List.of("worker-0.2", "node-1/cpu:0", "worker-9")) {
        run.on(new TimedEvent(1, new RunEvent.Worker(id, "joined", "after step 3")));
      }
      run.on(new TimedEvent(2, new RunEvent.Worker("worker-9", "lost", "its process has ended")));
      run.on(new TimedEvent(3, new RunEvent.Worker("node-1/cpu:0", "joined", "after step 5")));

      List<Map<String, Object>> rows =
          ActorRows.of(
              run,
              List.of(
                  node(
                      "worker-0.2",
                      40,
                      new ActorTree.Row("host-of-worker-0.2", 0, "running", 0),
                      new ActorTree.Row("host-of-worker-0.2/gpu-worker", 1, "suspended", 12)),
                  node("node-1", 50, new ActorTree.Row("host-of-node-1-cpu-0", 0, "running", 0))),
              60);

      assertThat(rows.stream().map(ActorRowsTest::text))
          .containsExactly(
              "run-run-2/supervisor on run: running, 1 message waits, 1 of the attempt, mailbox 1",
              "host-of-worker-0.2 on worker-0.2: joined, after step 3, 2 of the worker, mailbox 0",
              "host-of-worker-0.2/gpu-worker on worker-0.2: suspended, it waits for its supervisor's decision on a failure, 2 of the worker, mailbox 12",
              "host-of-node-1-cpu-0 on node-1: joined, after step 5, 1 of the worker, mailbox 0",
              "worker-9 on : lost, its process has ended, 0 of the worker, mailbox null");
      assertThat(rows)
          .extracting(row -> row.get("heard_at"))
          .containsExactly(60L, 40L, 40L, 50L, 60L);
    }
  }
}
