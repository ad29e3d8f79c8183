package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.security.Certificates;
import io.akkord.actors.security.TlsMaterial;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamsEndTest {
  /** Without a watch one of ten systems whose peer is there does not end at all. */
  private static final int PAIRS = 12;

  @TempDir static Path certificates;

  /** Which of them would hang is a matter of microseconds, so there are many. */
  @Test
  void nodesThatSpeakTlsEndAlthoughTheirPeersAreThere() throws Exception {
    new Certificates(certificates, Clock.systemUTC()).init(List.of("127.0.0.1"));
    Config config = config(TlsMaterial.load(certificates, Clock.systemUTC()).artery());
    List<ActorSystem<Void>> first = new ArrayList<>();
    List<ActorSystem<Void>> second = new ArrayList<>();
    try {
      for (int i = 0; i < PAIRS; i++) {
        first.add(start(config));
        second.add(start(config));
        join(first.get(i), first.get(i));
        join(second.get(i), first.get(i));
      }
      for (ActorSystem<Void> system : second) {
        await()
            .atMost(Duration.ofSeconds(60))
            .until(() -> Cluster.get(system).selfMember().status().equals(MemberStatus.up()));
      }
      endInTime(second);
    } finally {
      second.forEach(ActorSystem::terminate);
      first.forEach(ActorSystem::terminate);
    }
    endInTime(first);
  }

  private static void endInTime(List<ActorSystem<Void>> systems) throws Exception {
    systems.forEach(ActorSystem::terminate);
    for (ActorSystem<Void> system : systems) {
      assertThat(system.getWhenTerminated()).succeedsWithin(40, TimeUnit.SECONDS);
    }
  }

  private static ActorSystem<Void> start(Config config) {
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "akkord", config);
    StreamsEnd.watch(system);
    return system;
  }

  private static void join(ActorSystem<Void> node, ActorSystem<Void> seed) {
    Cluster.get(node).manager().tell(Join.create(Cluster.get(seed).selfMember().address()));
  }

  private static Config config(Config tls) {
    return tls.withFallback(
            ConfigFactory.parseString(
                """
                akka.actor.provider = cluster
                akka.remote.artery.canonical { hostname = 127.0.0.1, port = 0 }
                akka.cluster.jmx.enabled = off
                akka.coordinated-shutdown.exit-jvm = off
                """))
        .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
        .withFallback(ConfigFactory.load());
  }
}
