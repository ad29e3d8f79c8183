package io.akkord.deploy.bench;

import io.akkord.actors.dashboard.LiveRun;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.run.TrainingRun;
import java.util.List;

/** A benchmark's run on a page: it is looked at and not stopped. */
record Unstoppable(TrainingRun run) implements LiveRun {
  @Override
  public void stop(String reason) {
    throw new UnsupportedOperationException("a benchmark runs to its end");
  }

  @Override
  public LedgerReader ledger() {
    return run.ledger();
  }

  @Override
  public List<ActorTree.Row> actors() {
    return run.actors();
  }

  @Override
  public List<String> devices() {
    return run.devices();
  }

  @Override
  public List<NodeBoard.Node> nodes() {
    return run.nodes();
  }
}
