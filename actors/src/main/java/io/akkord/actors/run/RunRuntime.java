package io.akkord.actors.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.worker.WorkerHost;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Where the actors of a run live: this JVM alone, or a cluster. */
public interface RunRuntime extends AutoCloseable {

  /** The actor system of this node. */
  ActorSystem<?> system();

  /** The lane of this process. */
  Bulk bulk();

  /** Where this node's actors write their events. */
  Journal journal();

  /** Host of all parameter slices; null where workers keep them. */
  ActorRef<WorkerHost.Command> control();

  /**
   * Tells who computes, at once and whenever that changes, until the returned handle is closed; on
   * any thread.
   */
  AutoCloseable hosts(Consumer<Set<ActorRef<WorkerHost.Command>>> listener);

  /** Devices of this process that compute. */
  default List<String> devices() {
    return List.of();
  }

  /** Other processes that belong to this run alone, as they last said of themselves. */
  default List<NodeBoard.Node> nodes() {
    return List.of();
  }

  /** A run has given a worker up; whoever started it may start another. */
  void lost(String worker);

  /** Ends what belongs to this run alone; after all its actors. */
  @Override
  void close();
}
