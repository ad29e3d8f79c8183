package io.akkord.deploy.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.Props;
import akka.cluster.typed.ClusterSingleton;
import akka.cluster.typed.ClusterSingletonSettings;
import akka.cluster.typed.SingletonActor;
import com.typesafe.config.Config;
import io.akkord.actors.cluster.ClusterNode;
import io.akkord.actors.cluster.ClusterRuntime;
import io.akkord.actors.cluster.Management;
import io.akkord.actors.job.ClusterControl;
import io.akkord.actors.job.JobManager;
import io.akkord.actors.job.JobRunner;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.node.ClusterWatch;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.node.NodeLog;
import io.akkord.actors.run.RunRuntime;
import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/**
 * A control node: it watches the cluster and may carry the queue of jobs, and with it the run that
 * goes on. Of three control nodes one carries it; when that one is lost the next takes it up.
 */
public final class HeadNode implements AutoCloseable {
  private static final int MOST_CONTROL = 3;

  /**
   * How it takes part.
   *
   * @param control host:port of all control nodes, this one among them; empty: it is the only one
   * @param state folder of its journal
   * @param log what this process says
   */
  public record Options(
      String name,
      String host,
      int port,
      List<String> control,
      String token,
      Duration joinWithin,
      Path state,
      NodeLog log) {}

  private final Options options;
  private final ClusterNode node;
  private final Journal journal;
  private final ClusterControl control;

  private HeadNode(Options options, ClusterNode node, Journal journal, ClusterControl control) {
    this.options = options;
    this.node = node;
    this.journal = journal;
    this.control = control;
  }

  /**
   * Starts the node.
   *
   * @param runner carries out jobs here when this node carries the queue
   * @throws UserError if the address is taken, the journal is in use, or the number of control
   *     nodes cannot work
   */
  public static HeadNode start(Options options, Config config, JobRunner runner) {
    Persistence persistence = Persistence.read(config);
    requireMajority(options, persistence, config);
    Journal journal = Journal.ofCluster(options.state(), persistence);
    ClusterNode node;
    try {
      node =
          ClusterNode.start(
              new ClusterNode.Options(
                  options.host(),
                  options.port(),
                  options.control(),
                  options.token(),
                  List.of(ClusterNode.CONTROL),
                  options.joinWithin(),
                  journal.config()));
    } catch (RuntimeException e) {
      journal.close();
      throw e;
    }
    node.manage(options.control());
    node.describe(options.name(), List.of(), 1, options.log());
    ActorSystem<?> system = node.system();
    NodeBoard board = new NodeBoard();
    system.systemActorOf(
        ClusterWatch.create(Clock.systemUTC(), board), "cluster-watch", Props.empty());
    ActorRef<JobManager.Command> jobs =
        ClusterSingleton.get(system)
            .init(
                SingletonActor.of(
                        JobManager.create(
                            new JobManager.Identity(
                                config.getString("akkord.cluster.name"),
                                options.name(),
                                node.address()),
                            runner,
                            journal.diskSync(
                                system
                                    .dispatchers()
                                    .lookup(DispatcherSelector.fromConfig("akkord.blocking-io"))),
                            Clock.systemUTC()),
                        "jobs")
                    .withSettings(
                        ClusterSingletonSettings.create(system).withRole(ClusterNode.CONTROL)));
    return new HeadNode(options, node, journal, new ClusterControl(system, jobs, board));
  }

  /** Two control nodes stop when either is lost; several need one journal between them. */
  private static void requireMajority(Options options, Persistence persistence, Config config) {
    int count = Management.controlNodes(options.control(), config);
    if (count != 1 && count != MOST_CONTROL) {
      throw new UserError(
          "--control names %d control nodes; 1 or 3 are possible: of 2, the loss of either one would leave no majority"
              .formatted(count));
    }
    if (count > 1 && !persistence.shared()) {
      throw new UserError(
          "%d control nodes need one journal that all of them reach, and H2 belongs to one process; set akkord.persistence.url to a PostgreSQL database"
              .formatted(count));
    }
    String self = options.host() + ":" + options.port();
    boolean named = !Management.discovers(options.control());
    if (count > 1 && named && !options.control().contains(self)) {
      throw new UserError(
          "--control names %s; this node's own address %s (--bind) must be among them"
              .formatted(options.control(), self));
    }
  }

  /** Asks the cluster. */
  public ClusterControl control() {
    return control;
  }

  /** The node. */
  public ClusterNode node() {
    return node;
  }

  /**
   * Opens the place of a run beside this node: a member of the cluster of its own, with the run's
   * journal.
   */
  public RunRuntime open(Path outputDir) {
    Journal own = Journal.open(outputDir);
    try {
      ClusterNode driver =
          ClusterNode.start(
              new ClusterNode.Options(
                  options.host(),
                  0,
                  List.of(node.address()),
                  options.token(),
                  List.of(ClusterNode.DRIVER),
                  own.config()));
      return new ClusterRuntime(
          driver.system(),
          driver.bulk(),
          own,
          lost -> {},
          () -> {
            driver.close();
            own.close();
          });
    } catch (RuntimeException e) {
      own.close();
      throw e;
    }
  }

  @Override
  public void close() {
    node.close();
    journal.close();
  }
}
