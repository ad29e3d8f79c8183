package io.akkord.deploy.cluster;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.cluster.ClusterNode;
import io.akkord.actors.node.NodeLog;
import io.akkord.actors.worker.Devices;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * A node that computes. Cut off from the cluster it starts its actor system anew, with another
 * incarnation's names, and keeps its devices warm.
 */
public final class WorkerNode {
  /**
   * How it takes part.
   *
   * @param seeds host:port of the control nodes
   * @param joinWithin at the first try
   * @param rejoinWithin after it was cut off
   * @param log what this process says
   */
  public record Options(
      String name,
      String host,
      int port,
      List<String> seeds,
      List<String> devices,
      String token,
      Duration joinWithin,
      Duration rejoinWithin,
      NodeLog log) {}

  /** The node from a start of its actor system to the end of it. */
  interface Life {
    /**
     * Waits until it was cut off, has left, or could not join; whether there was a cluster that let
     * it in or was about to.
     */
    boolean awaitEnd();

    /** Gives its share of runs to others and ends. */
    void leave(String reason);

    /** Ends what is left of it. */
    void close();
  }

  /** Begins a life on devices that outlive it. */
  interface Starter {
    /**
     * Starts the actor system.
     *
     * @param patience how long it tries to join
     */
    Life start(Devices devices, int incarnation, Duration patience);
  }

  private final Options options;
  private final Starter starter;
  private final Settings settings;
  private final Consumer<String> say;
  private final Consumer<ClusterNode> onJoined;
  private Life now;
  private String leaving;

  /**
   * A node that has not joined yet.
   *
   * @param onJoined told each time the cluster has let it in
   */
  public WorkerNode(
      Options options, Settings settings, Consumer<String> say, Consumer<ClusterNode> onJoined) {
    this(options, settings, say, onJoined, null);
  }

  /** The same with other lives. */
  WorkerNode(
      Options options,
      Settings settings,
      Consumer<String> say,
      Consumer<ClusterNode> onJoined,
      Starter starter) {
    this.options = options;
    this.settings = settings;
    this.say = say;
    this.onJoined = onJoined;
    this.starter = starter == null ? this::start : starter;
  }

  private List<String> names() {
    return options.devices().stream().map(device -> options.name() + "/" + device).toList();
  }

  /**
   * Computes until it is told to leave.
   *
   * @throws UserError if no head lets it in
   */
  public void run() {
    try (Devices devices = new Devices(names(), options.devices())) {
      for (int incarnation = 1; asked() == null; incarnation++) {
        boolean first = incarnation == 1;
        Duration patience = first ? options.joinWithin() : options.rejoinWithin();
        Life life = starter.start(devices, incarnation, patience);
        String meanwhile = begins(life);
        if (meanwhile != null) {
          // Asked to while the system was starting.
          life.leave(meanwhile);
          return;
        }
        boolean found = life.awaitEnd();
        if (asked() != null) {
          return;
        }
        begins(null);
        life.close();
        if (!found) {
          throw new UserError(
              "no head at %s has let this node in for %d s (akkord.cluster.%s); is it running (akkord status there), is the address right, and is the cluster token the same? The log above says what it answered"
                  .formatted(
                      options.seeds(),
                      patience.toSeconds(),
                      first ? "join-timeout" : "rejoin-timeout"));
        }
        say.accept(
            "cut off from the cluster; joining it again, for %d s at most"
                .formatted(options.rejoinWithin().toSeconds()));
      }
    }
  }

  private Life start(Devices devices, int incarnation, Duration patience) {
    ClusterNode node = ClusterNode.start(nodeOptions(patience));
    node.manage(options.seeds());
    offer(node, devices, names(), incarnation);
    node.joined().thenRun(() -> onJoined.accept(node));
    return new Life() {
      @Override
      public boolean awaitEnd() {
        node.awaitEnd();
        // A head that dies while it lets a node in leaves it cut off before it was joined.
        return node.joined().isDone() || node.cutOff();
      }

      @Override
      public void leave(String reason) {
        node.leave(reason);
      }

      @Override
      public void close() {
        node.close();
      }
    };
  }

  private void offer(ClusterNode node, Devices devices, List<String> names, int incarnation) {
    String suffix = incarnation == 1 ? "" : "." + (incarnation - 1);
    try {
      node.describe(options.name(), options.devices(), incarnation, options.log());
      IntStream.range(0, names.size())
          .forEach(i -> node.offer(names.get(i) + suffix, devices, i, settings));
    } catch (IllegalStateException e) {
      // A node that is refused at once, as with a wrong token, is ending already.
      say.accept("the node is ending: " + e.getMessage());
    }
  }

  private ClusterNode.Options nodeOptions(Duration patience) {
    return new ClusterNode.Options(
        options.host(),
        options.port(),
        options.seeds(),
        options.token(),
        List.of(ClusterNode.WORKER),
        patience,
        ConfigFactory.empty());
  }

  /** Gives its share of runs to others and ends. */
  public void leave(String reason) {
    Life life;
    synchronized (this) {
      leaving = reason;
      life = now;
    }
    if (life != null) {
      life.leave(reason);
    }
  }

  private synchronized String asked() {
    return leaving;
  }

  /** From now on {@link #leave} asks this life; returns what it was asked before. */
  private synchronized String begins(Life life) {
    now = life;
    return leaving;
  }
}
