package io.akkord.actors.cluster;

import akka.actor.Address;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.netty.NettyBulk;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.security.TlsMaterial;
import io.akkord.actors.worker.Devices;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A process of a cluster: its actor system and its end of the bulk lane. */
public final class ClusterNode implements AutoCloseable {
  private static final String SYSTEM = "akkord";
  private static final int END_SECONDS = 30;

  /** Who decides: supervisor, ledger, checkpoints. Split-brain resolution counts these only. */
  public static final String CONTROL = "control";

  /** Who computes. */
  public static final String WORKER = "worker";

  /**
   * How a node takes part.
   *
   * @param host address to listen on, for messages and the lane
   * @param port of the messages; 0: any free one
   * @param head host:port of a control node to join; null: this is the first one
   * @param token the cluster's; the lane refuses others
   * @param roles {@link #CONTROL}, {@link #WORKER} or both
   * @param journal configuration of the journal; empty on nodes that write none
   */
  public record Options(
      String host, int port, String head, String token, List<String> roles, Config journal) {}

  private final ActorSystem<Void> system;
  private final NettyBulk bulk;
  private final List<ActorRef<WorkerHost.Command>> hosts = new ArrayList<>();

  private ClusterNode(ActorSystem<Void> system, NettyBulk bulk) {
    this.system = system;
    this.bulk = bulk;
  }

  /**
   * Starts the node; a head is its own cluster at once, others join it.
   *
   * @throws UserError if its address cannot be listened on
   */
  public static ClusterNode start(Options options) {
    Optional<TlsMaterial> tls = TlsMaterial.of(ConfigFactory.load());
    NettyBulk bulk;
    try {
      bulk = NettyBulk.start(lane(options, tls));
    } catch (IOException e) {
      throw new UserError(
          "the bulk lane cannot listen on %s: %s".formatted(options.host(), e.getMessage()), e);
    }
    try {
      ActorSystem<Void> system =
          ActorSystem.create(Behaviors.empty(), SYSTEM, config(options, tls));
      if (options.head() == null) {
        Cluster cluster = Cluster.get(system);
        cluster.manager().tell(Join.create(cluster.selfMember().address()));
      }
      return new ClusterNode(system, bulk);
    } catch (RuntimeException e) {
      bulk.close();
      throw portInUse(options, e);
    }
  }

  private static RuntimeException portInUse(Options options, RuntimeException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof java.net.BindException
          || String.valueOf(cause.getMessage()).contains("Bind failed")) {
        return new UserError(
            "port %d of %s is in use by another process; stop that one or choose another with --bind HOST:PORT (port 0 takes any free one)"
                .formatted(options.port(), options.host()),
            e);
      }
    }
    return e;
  }

  private static io.akkord.actors.bulk.netty.Settings lane(
      Options options, Optional<TlsMaterial> tls) {
    var lane =
        io.akkord.actors.bulk.netty.Settings.local(options.token())
            .withAddress(options.host(), 0, null);
    return tls.map(material -> lane.withTls(ssl(material, false), ssl(material, true)))
        .orElse(lane);
  }

  private static SslContext ssl(TlsMaterial material, boolean client) {
    return new JdkSslContext(
        material.sslContext(), client, client ? ClientAuth.NONE : ClientAuth.REQUIRE);
  }

  private static Config config(Options options, Optional<TlsMaterial> tls) {
    Map<String, Object> own =
        Map.of(
            "akka.remote.artery.canonical.hostname",
            options.host(),
            "akka.remote.artery.canonical.port",
            options.port(),
            "akka.cluster.roles",
            options.roles(),
            "akka.cluster.seed-nodes",
            options.head() == null
                ? List.of()
                : List.of("akka://%s@%s".formatted(SYSTEM, options.head())));
    return ConfigFactory.parseMap(own, "this node")
        .withFallback(tls.map(TlsMaterial::artery).orElse(ConfigFactory.empty()))
        .withFallback(options.journal())
        .withFallback(ConfigFactory.parseResources("akkord-cluster.conf"))
        .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
        .withFallback(ConfigFactory.load())
        .withValue("akka.actor.provider", ConfigValueFactory.fromAnyRef("cluster"));
  }

  /** Offers a device of this process to every run of the cluster. */
  public void offer(String worker, Devices devices, int device, Settings settings) {
    ContentSettings content = ContentSettings.read(system.settings().config());
    hosts.add(
        system.systemActorOf(
            WorkerHost.offered(worker, devices, List.of(device), bulk, settings, content),
            "host-of-" + worker.replaceAll("[^A-Za-z0-9._-]", "-"),
            Props.empty()));
  }

  /** The actor system. */
  public ActorSystem<?> system() {
    return system;
  }

  /** The lane. */
  public Bulk bulk() {
    return bulk;
  }

  /** Where others find this node: host:port. */
  public String address() {
    Address address = Cluster.get(system).selfMember().address();
    return address.getHost().get() + ":" + address.getPort().get();
  }

  /** Waits until the node has ended by itself: it left, was removed, or could not join. */
  public void awaitEnd() {
    system.getWhenTerminated().toCompletableFuture().join();
  }

  /** Leaves politely: the runs give this node's share to others before it ends. */
  public void leave(String reason) {
    hosts.forEach(host -> host.tell(new WorkerHost.Leave(reason)));
    close();
  }

  @Override
  public void close() {
    system.terminate();
    try {
      system.getWhenTerminated().toCompletableFuture().get(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "the actor system has not ended within %d s".formatted(END_SECONDS), e);
    } finally {
      bulk.close();
    }
  }
}
