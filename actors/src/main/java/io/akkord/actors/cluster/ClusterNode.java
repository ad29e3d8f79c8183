package io.akkord.actors.cluster;

import akka.Done;
import akka.actor.Address;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.Props;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.bulk.netty.NettyBulk;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.node.NodeAgent;
import io.akkord.actors.node.NodeLog;
import io.akkord.actors.node.ThisNode;
import io.akkord.actors.run.ActorTree;
import io.akkord.actors.security.TlsMaterial;
import io.akkord.actors.worker.Devices;
import io.akkord.actors.worker.WorkerHost;
import io.akkord.config.DeadlineLadder;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import io.akkord.model.engine.NativeLibrary;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A process of a cluster: its actor system and its end of the bulk lane. */
public final class ClusterNode implements AutoCloseable {
  /** Longer than all phases of Akka's shutdown, each of which has its own deadline. */
  private static final Duration END_WITHIN = Duration.ofSeconds(90);

  private static final String SYSTEM = "akkord";
  private static final int END_SECONDS = 30;
  private static final int MOST_ACTORS = 500;

  /** After so many times the time to settle nobody trusts what he sees, and all nodes end. */
  private static final int UNSTABLE = 4;

  /** Who decides: supervisor, ledger, checkpoints. Split-brain resolution counts these only. */
  public static final String CONTROL = "control";

  /** Where a run decides: beside the job manager, and gone with its run. */
  public static final String DRIVER = "driver";

  /** Who computes. */
  public static final String WORKER = "worker";

  /**
   * How a node takes part.
   *
   * @param host address to listen on, for messages and the lane
   * @param port of the messages; 0: any free one
   * @param seeds host:port of control nodes to join; empty: this is the only one. A control node
   *     that is one of several begins a cluster only when most of them hear each other and none has
   *     one ({@link Formation}). {@link Management#KUBERNETES} alone: they are found
   * @param token the cluster's; the lane refuses others
   * @param roles {@link #CONTROL}, {@link #WORKER} or both
   * @param joinWithin the node ends if no seed has let it in for so long; null: it tries for ever
   * @param journal configuration of the journal; empty on nodes that write none
   */
  public record Options(
      String host,
      int port,
      List<String> seeds,
      String token,
      List<String> roles,
      Duration joinWithin,
      Config journal) {

    /** Whether this node is one of several control nodes that are named. */
    boolean oneOfSeveral() {
      return roles.contains(CONTROL) && seeds.size() > 1 && seeds.contains(host + ":" + port);
    }

    /** A node that tries for ever to join. */
    public Options(
        String host,
        int port,
        List<String> seeds,
        String token,
        List<String> roles,
        Config journal) {
      this(host, port, seeds, token, roles, null, journal);
    }
  }

  private final ActorSystem<Void> system;
  private final NettyBulk bulk;
  private final ContentSettings content;
  private final List<ActorRef<WorkerHost.Command>> hosts = new ArrayList<>();
  private final CompletableFuture<Void> joined = new CompletableFuture<>();
  private Duration drain = Duration.ZERO;
  private volatile String notJoined = "no control node has answered";

  private ClusterNode(ActorSystem<Void> system, NettyBulk bulk, ContentSettings content) {
    this.system = system;
    this.bulk = bulk;
    this.content = content;
    akka.cluster.Cluster.get(Adapter.toClassic(system))
        .registerOnMemberUp(() -> joined.complete(null));
  }

  /**
   * Starts the node; a head is its own cluster at once, others join it.
   *
   * @throws UserError if its address cannot be listened on, a setting is wrong, or its time-outs
   *     are in an order that cannot work
   */
  public static ClusterNode start(Options options) {
    DeadlineLadder.require(ConfigFactory.load());
    Optional<TlsMaterial> tls = TlsMaterial.of(ConfigFactory.load());
    ContentSettings content = ContentSettings.read(ConfigFactory.load());
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
      if (options.seeds().isEmpty()) {
        Cluster cluster = Cluster.get(system);
        cluster.manager().tell(Join.create(cluster.selfMember().address()));
      }
      StreamsEnd.watch(system);
      ClusterNode node = new ClusterNode(system, bulk, content);
      if (options.oneOfSeveral()) {
        node.form(options.seeds(), options.host() + ":" + options.port());
      }
      return node;
    } catch (RuntimeException e) {
      bulk.close();
      throw portInUse(options, e);
    }
  }

  private void form(List<String> control, String self) {
    system.systemActorOf(
        Formation.create(control, self, reason -> notJoined = reason),
        Formation.NAME,
        Props.empty());
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
    var local = io.akkord.actors.bulk.netty.Settings.local(options.token());
    Settings.Bulk bulk = Settings.read(ConfigFactory.load()).bulk();
    var lane =
        local
            .withAddress(options.host(), 0, null)
            .withUnixSockets(bulk.unixSockets())
            .withDeadlines(local.helloWithin(), bulk.silence());
    return tls.map(material -> lane.withTls(ssl(material, false), ssl(material, true)))
        .orElse(lane);
  }

  private static SslContext ssl(TlsMaterial material, boolean client) {
    return new JdkSslContext(
        material.sslContext(), client, client ? ClientAuth.NONE : ClientAuth.REQUIRE);
  }

  private static Config config(Options options, Optional<TlsMaterial> tls) {
    Map<String, Object> own = new HashMap<>();
    if (options.joinWithin() != null) {
      own.put(
          "akka.cluster.shutdown-after-unsuccessful-join-seed-nodes",
          options.joinWithin().toMillis() + " ms");
    }
    own.put(TokenChecker.KEY, TokenChecker.hash(options.token()));
    own.putAll(patience(ConfigFactory.load().getConfig("akkord.cluster")));
    own.putAll(Management.settings(ConfigFactory.load(), options.roles()));
    own.putAll(
        Map.of(
            "akka.remote.artery.canonical.hostname",
            options.host(),
            "akka.remote.artery.canonical.port",
            options.port(),
            "akka.cluster.roles",
            options.roles(),
            "akka.cluster.seed-nodes",
            seeds(options)));
    if (options.seeds().size() > 1) {
      // Nobody is a full member, and no queue begins, before most of the control nodes are there.
      own.put(
          "akka.cluster.role.%s.min-nr-of-members".formatted(CONTROL),
          FormationPolicy.majority(options.seeds().size()));
    }
    return ConfigFactory.parseMap(own, "this node")
        .withFallback(tls.map(TlsMaterial::artery).orElse(ConfigFactory.empty()))
        .withFallback(options.journal())
        .withFallback(ConfigFactory.parseResources("akkord-cluster.conf"))
        .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
        .withFallback(ConfigFactory.load())
        .withValue("akka.actor.provider", ConfigValueFactory.fromAnyRef("cluster"));
  }

  /** What Akka joins by itself; it lets the first of them begin a cluster without any other. */
  private static List<String> seeds(Options options) {
    return Management.discovers(options.seeds()) || options.oneOfSeveral()
        ? List.of()
        : options.seeds().stream().map(seed -> "akka://%s@%s".formatted(SYSTEM, seed)).toList();
  }

  /** How long the others wait before they go on without a node that is silent. */
  private static Map<String, Object> patience(Config cluster) {
    Duration pause = cluster.getDuration("heartbeat-pause");
    Duration stable = cluster.getDuration("stable-after");
    return Map.of(
        "akka.cluster.failure-detector.acceptable-heartbeat-pause",
        pause,
        "akka.cluster.split-brain-resolver.stable-after",
        stable,
        "akka.cluster.split-brain-resolver.down-all-when-unstable",
        stable.multipliedBy(UNSTABLE));
  }

  /** Offers a device of this process to every run of the cluster. */
  public void offer(String worker, Devices devices, int device, Settings settings) {
    drain = settings.deadlines().drain();
    hosts.add(
        system.systemActorOf(
            WorkerHost.offered(worker, devices, List.of(device), bulk, settings, content),
            "host-of-" + worker.replaceAll("[^A-Za-z0-9._-]", "-"),
            Props.empty()));
  }

  /**
   * Answers probes, and finds the control nodes where they are not named.
   *
   * @param seeds as this node was started with
   */
  public void manage(List<String> seeds) {
    Management.start(system, seeds);
  }

  /** Says to control nodes what this process is and has, and passes on what it has said. */
  public void describe(String name, List<String> devices, int incarnation, NodeLog log) {
    List<String> roles = List.copyOf(Cluster.get(system).selfMember().getRoles());
    String machine =
        "%s, libtorch %s".formatted(NativeLibrary.instructionSet(), NativeLibrary.version());
    ActorRef<NodeAgent.Command> agent =
        system.systemActorOf(
            NodeAgent.create(
                part ->
                    ThisNode.report(
                        name,
                        address(),
                        roles,
                        devices,
                        incarnation,
                        machine,
                        reported(ActorTree.of(system)),
                        part),
                log),
            "node",
            Props.empty());
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseBeforeServiceUnbind(),
            "say-why",
            () -> {
              // Who is asked to end ends its system; a JVM that ends first has met its own end.
              if (byItself(CoordinatedShutdown.get(system).getShutdownReason())) {
                agent.tell(NodeAgent.Farewell.INSTANCE);
              }
              return CompletableFuture.completedFuture(Done.done());
            });
  }

  private static boolean byItself(Optional<CoordinatedShutdown.Reason> reason) {
    return reason.filter(CoordinatedShutdown.jvmExitReason().getClass()::isInstance).isPresent();
  }

  /** So many fit into a report that is sent every other second. */
  private static List<ActorTree.Row> reported(List<ActorTree.Row> actors) {
    return actors.subList(0, Math.min(MOST_ACTORS, actors.size()));
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

  /**
   * Waits until the node has ended by itself: it left, was removed, or could not join.
   *
   * @throws UserError if it is to end and does not within 90 seconds
   */
  public void awaitEnd() {
    SystemEnd.await(system, END_WITHIN);
  }

  /**
   * Whether the cluster has put this node out, or nothing of it was left; that may be before it was
   * let in. False while it has not ended, and if it left or never found a cluster.
   */
  public boolean cutOff() {
    return CoordinatedShutdown.get(system)
        .getShutdownReason()
        .filter(CoordinatedShutdown.clusterDowningReason().getClass()::isInstance)
        .isPresent();
  }

  /** Completes when the cluster has let this node in. */
  public CompletableFuture<Void> joined() {
    return joined;
  }

  /** Why the cluster has not let this node in, as far as it knows. */
  public String whyNotJoined() {
    return notJoined;
  }

  /**
   * Leaves politely: the runs give this node's share and slices to others before it ends, for
   * {@code akkord.deadlines.drain} at most.
   */
  public void leave(String reason) {
    CompletableFuture<Void> gone = new CompletableFuture<>();
    try {
      system.systemActorOf(awaitHosts(gone), "leaving", Props.empty());
      hosts.forEach(host -> host.tell(new WorkerHost.Leave(reason)));
      // Their own deadline is an eighth longer.
      gone.get(drain.multipliedBy(5).dividedBy(4).toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | IllegalStateException e) {
      system.log().warn("the node ends before its runs have let it go: {}", e.toString());
    }
    close();
  }

  private Behavior<Void> awaitHosts(CompletableFuture<Void> gone) {
    return Behaviors.setup(
        context -> {
          Set<ActorRef<?>> left = new HashSet<>(hosts);
          left.forEach(context::watch);
          if (left.isEmpty()) {
            gone.complete(null);
          }
          return Behaviors.receive(Void.class)
              .onSignal(
                  Terminated.class,
                  ended -> {
                    left.remove(ended.getRef());
                    if (left.isEmpty()) {
                      gone.complete(null);
                    }
                    return Behaviors.same();
                  })
              .onSignal(
                  PostStop.class,
                  stopped -> {
                    gone.complete(null);
                    return Behaviors.same();
                  })
              .build();
        });
  }

  @Override
  public void close() {
    system.terminate();
    try {
      system.getWhenTerminated().toCompletableFuture().get(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // What this node was for is done: a run that is finished does not fail by it.
      system
          .log()
          .warn("node {}: its actors have not ended within {} s", system.address(), END_SECONDS, e);
    } finally {
      bulk.close();
    }
  }
}
