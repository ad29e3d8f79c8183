package io.akkord.actors.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.run.RunRuntime;
import io.akkord.actors.worker.WorkerHost;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A run inside a cluster: the deciding actors on this node, hosts wherever the receptionist finds
 * them. Closing it leaves the cluster as it is.
 */
public final class ClusterRuntime implements RunRuntime {
  private final ActorSystem<?> system;
  private final Bulk bulk;
  private final Journal journal;
  private final NodeBoard board;
  private final Consumer<String> onLost;
  private final Runnable onClose;

  /** A runtime on this node of a cluster whose other nodes belong to nobody alone. */
  public ClusterRuntime(
      ActorSystem<?> system,
      Bulk bulk,
      Journal journal,
      Consumer<String> onLost,
      Runnable onClose) {
    this(system, bulk, journal, new NodeBoard(), onLost, onClose);
  }

  /**
   * A runtime on this node of a cluster.
   *
   * @param board with the other processes of this run
   * @param onLost told of workers that the run gave up
   * @param onClose what ends with the run
   */
  public ClusterRuntime(
      ActorSystem<?> system,
      Bulk bulk,
      Journal journal,
      NodeBoard board,
      Consumer<String> onLost,
      Runnable onClose) {
    this.system = system;
    this.bulk = bulk;
    this.journal = journal;
    this.board = board;
    this.onLost = onLost;
    this.onClose = onClose;
  }

  @Override
  public ActorSystem<?> system() {
    return system;
  }

  @Override
  public Bulk bulk() {
    return bulk;
  }

  @Override
  public Journal journal() {
    return journal;
  }

  @Override
  public ActorRef<WorkerHost.Command> control() {
    return null;
  }

  private enum Over {
    OVER
  }

  @Override
  public AutoCloseable hosts(Consumer<Set<ActorRef<WorkerHost.Command>>> listener) {
    ActorRef<Object> watcher = system.systemActorOf(watch(listener), "hosts-of-run", Props.empty());
    return () -> watcher.tell(Over.OVER);
  }

  private static Behavior<Object> watch(Consumer<Set<ActorRef<WorkerHost.Command>>> listener) {
    return Behaviors.setup(
        context -> {
          context
              .getSystem()
              .receptionist()
              .tell(Receptionist.subscribe(WorkerHost.KEY, context.getSelf().narrow()));
          return Behaviors.receive(Object.class)
              .onMessage(
                  Receptionist.Listing.class,
                  listing -> {
                    // Who is silent for a moment is not gone, and what it computes goes on.
                    listener.accept(listing.getAllServiceInstances(WorkerHost.KEY));
                    return Behaviors.same();
                  })
              .onMessageEquals(Over.OVER, Behaviors::stopped)
              .build();
        });
  }

  @Override
  public List<NodeBoard.Node> nodes() {
    return board.nodes();
  }

  @Override
  public void lost(String worker) {
    onLost.accept(worker);
  }

  @Override
  public void close() {
    onClose.run();
  }
}
