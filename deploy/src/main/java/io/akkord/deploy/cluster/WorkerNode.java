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

  private final Options options;
  private final Settings settings;
  private final Consumer<String> say;
  private final Consumer<ClusterNode> onJoined;
  private volatile ClusterNode now;
  private volatile boolean leaving;

  /**
   * A node that has not joined yet.
   *
   * @param onJoined told each time the cluster has let it in
   */
  public WorkerNode(
      Options options, Settings settings, Consumer<String> say, Consumer<ClusterNode> onJoined) {
    this.options = options;
    this.settings = settings;
    this.say = say;
    this.onJoined = onJoined;
  }

  /**
   * Computes until it is told to leave.
   *
   * @throws UserError if no head lets it in
   */
  public void run() {
    List<String> names =
        options.devices().stream().map(device -> options.name() + "/" + device).toList();
    try (Devices devices = new Devices(names)) {
      for (int incarnation = 1; !leaving; incarnation++) {
        Duration patience = incarnation == 1 ? options.joinWithin() : options.rejoinWithin();
        ClusterNode node = ClusterNode.start(nodeOptions(patience));
        now = node;
        node.manage(options.seeds());
        offer(node, devices, names, incarnation);
        node.joined().thenRun(() -> onJoined.accept(node));
        node.awaitEnd();
        if (leaving) {
          return;
        }
        node.close();
        if (!node.joined().isDone()) {
          throw new UserError(
              "no head at %s has let this node in for %d s; is it running (akkord status there), is the address right, and is the cluster token the same? The log above says what it answered"
                  .formatted(options.seeds(), patience.toSeconds()));
        }
        say.accept(
            "cut off from the cluster; joining it again, for %d minutes at most"
                .formatted(options.rejoinWithin().toMinutes()));
      }
    }
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
    leaving = true;
    ClusterNode node = now;
    if (node != null) {
      node.leave(reason);
    }
  }
}
