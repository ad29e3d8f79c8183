package io.akkord.actors.cluster;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Adapter;
import akka.management.cluster.bootstrap.ClusterBootstrap;
import akka.management.javadsl.AkkaManagement;
import com.typesafe.config.Config;
import io.akkord.model.UserError;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Akka Management of a node: probes over HTTP ({@code /alive}, {@code /ready}: the cluster has let
 * it in), and in Kubernetes finding the control nodes. Off unless {@code
 * akkord.management.enabled}.
 */
public final class Management {
  /** In the place of addresses: the control nodes are found through the API of Kubernetes. */
  public static final String KUBERNETES = "kubernetes";

  private static final int START_SECONDS = 30;

  private Management() {}

  /** Whether these seeds are to be found instead of being named. */
  public static boolean discovers(List<String> seeds) {
    return seeds.equals(List.of(KUBERNETES));
  }

  /**
   * How many control nodes form the cluster.
   *
   * @param control host:port of all of them, or {@link #KUBERNETES}; empty: one
   */
  public static int controlNodes(List<String> control, Config config) {
    return discovers(control)
        ? config.getInt("akkord.management.control-nodes")
        : Math.max(1, control.size());
  }

  /** What the settings mean to Akka. */
  static Map<String, Object> settings(Config config, List<String> roles) {
    Config own = config.getConfig("akkord.management");
    String found = "akka.management.cluster.bootstrap.";
    return Map.of(
        "akka.management.http.hostname",
        own.getString("host"),
        "akka.management.http.port",
        own.getInt("port"),
        found + "new-cluster-enabled",
        roles.contains(ClusterNode.CONTROL),
        found + "contact-point-discovery.discovery-method",
        "kubernetes-api",
        found + "contact-point-discovery.service-name",
        "akkord",
        found + "contact-point-discovery.port-name",
        "management",
        found + "contact-point-discovery.required-contact-point-nr",
        own.getInt("control-nodes"),
        "akka.discovery.kubernetes-api.pod-label-selector",
        own.getString("control-pods"));
  }

  /**
   * Answers probes and looks for the control nodes, as settings and seeds want it.
   *
   * @throws UserError if the port cannot be listened on, or seeds are to be found without it
   */
  static void start(ActorSystem<?> system, List<String> seeds) {
    Config own = system.settings().config().getConfig("akkord.management");
    if (!own.getBoolean("enabled")) {
      if (discovers(seeds)) {
        throw new UserError(
            "the address is '%s' but akkord.management.enabled is off; nodes find one another through its port, so turn it on (AKKORD_MANAGEMENT_ENABLED=on) or name host:port"
                .formatted(KUBERNETES));
      }
      return;
    }
    try {
      AkkaManagement.get(Adapter.toClassic(system))
          .start()
          .toCompletableFuture()
          .get(START_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new UserError(
          "probes cannot be answered on %s:%d (%s); choose another akkord.management.port, or host"
              .formatted(own.getString("host"), own.getInt("port"), e.getMessage()),
          e);
    }
    if (discovers(seeds)) {
      ClusterBootstrap.get(Adapter.toClassic(system)).start();
    }
  }
}
