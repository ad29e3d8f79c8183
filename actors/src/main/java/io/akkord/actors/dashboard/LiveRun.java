package io.akkord.actors.dashboard;

import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.run.ActorTree;
import java.util.List;

/** A run that goes on in this process. */
public interface LiveRun {
  /** Ends it after the step in flight with a checkpoint. */
  void stop(String reason);

  /** Reads the ledger it writes; to be closed. */
  LedgerReader ledger();

  /** Its actors in this process as they stand. */
  List<ActorTree.Row> actors();

  /** Devices of this process that compute for it. */
  List<String> devices();

  /** Its other processes, as they last said of themselves. */
  List<NodeBoard.Node> nodes();
}
