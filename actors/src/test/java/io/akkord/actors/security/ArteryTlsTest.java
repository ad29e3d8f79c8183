package io.akkord.actors.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorRefResolver;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.CborMessage;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Clusters over real sockets of this machine. */
class ArteryTlsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final List<String> HOSTS = List.of("localhost", "127.0.0.1");
  private static final Clock CLOCK = Clock.systemUTC();

  @TempDir static Path folder;

  private static ActorTestKit first;
  private static ActorRef<Ping> echo;
  private static ActorTestKit second;

  private final List<ActorTestKit> others = new ArrayList<>();
  private final Log log = new Log();

  record Ping(String text, ActorRef<Pong> replyTo) implements CborMessage {}

  record Pong(String text) implements CborMessage {}

  @BeforeAll
  static void twoNodesFormACluster() {
    Certificates ours = new Certificates(folder.resolve("ours"), CLOCK);
    ours.init(HOSTS);
    Path node = ours.node("second", HOSTS);
    first = start(TlsMaterial.load(folder.resolve("ours"), CLOCK).artery());
    echo = first.spawn(echo(), "echo");
    second = start(TlsMaterial.load(node, CLOCK).artery());
    join(first, first);
    join(second, first);
    await().atMost(PATIENCE).until(() -> up(first) == 2 && up(second) == 2);
  }

  @AfterAll
  static void stop() {
    second.shutdownTestKit();
    first.shutdownTestKit();
  }

  @BeforeEach
  void listen() {
    log.start();
    ((Logger) LoggerFactory.getLogger("akka")).addAppender(log);
  }

  @AfterEach
  void stopOthers() {
    others.forEach(ActorTestKit::shutdownTestKit);
    ((Logger) LoggerFactory.getLogger("akka")).detachAppender(log);
  }

  @Test
  void nodesOfOneAuthorityTalk() {
    assertTheyTalk();
    assertThat(first.system().address().toString()).contains("@127.0.0.1:");
  }

  @Test
  void aNodeOfAnotherAuthorityIsRefusedAndTheClusterGoesOn() {
    Path theirs = folder.resolve("theirs");
    new Certificates(theirs, CLOCK).init(HOSTS);

    stranger(TlsMaterial.load(theirs, CLOCK).artery());

    await().atMost(PATIENCE).until(() -> log.saw("PKIX path building failed"));
    assertNobodyJoined();
  }

  @Test
  void aCertificateOfAnotherAuthorityIsRefusedByOurSideToo() throws Exception {
    Issuer other = Issuer.create(CLOCK.instant());

    stranger(thatTrustsUs("forged", other.node("forged", HOSTS, CLOCK.instant())));

    await().atMost(PATIENCE).until(() -> log.saw("Received fatal alert"));
    assertNobodyJoined();
  }

  @Test
  void aNodeWithAnExpiredCertificateIsRefusedAndTheClusterGoesOn() throws Exception {
    Path ca = folder.resolve("ours/ca.pem");
    X509Certificate certificate = Pem.certificate(ca, "");
    Issuer issuer =
        new Issuer(certificate, Pem.key(ca.resolveSibling("ca-key.pem"), certificate, ca, ""));
    Instant past = CLOCK.instant().minus(Duration.ofDays(400));

    stranger(thatTrustsUs("expired", issuer.node("expired", HOSTS, past)));

    await().atMost(PATIENCE).until(() -> log.saw("Received fatal alert: certificate_unknown"));
    assertNobodyJoined();
  }

  @Test
  void aNodeWithoutTlsIsRefusedAndTheClusterGoesOn() {
    stranger(
        ConfigFactory.parseString(
            "akka.remote.artery { transport = tcp, advanced.handshake-timeout = 3s }"));

    await().atMost(PATIENCE).until(() -> log.saw("did not complete within 3000 ms"));
    assertNobodyJoined();
  }

  @Test
  void whateverAPlainClientSendsHarmsNothing() throws IOException {
    byte[] noise = new byte[1 << 16];
    new Random(7).nextBytes(noise);
    List<byte[]> openings =
        List.of(
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
            noise,
            new byte[0],
            // A TLS record that promises more than ever comes.
            new byte[] {0x16, 0x03, 0x01, 0x40, 0x00, 0x01});
    for (byte[] opening : openings) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(first))) {
        socket.setSoTimeout(500);
        socket.getOutputStream().write(opening);
        socket.getOutputStream().flush();
        drain(socket.getInputStream());
      } catch (IOException e) {
        // refused, reset or left alone: what counts is that the others do not notice
      }
    }
    assertNobodyJoined();
  }

  /** Our authority as the one that is trusted, with whatever pair. */
  private static Config thatTrustsUs(String name, Issuer.Pair pair) throws Exception {
    Path stranger = folder.resolve(name);
    SecretFiles.createFolder(stranger);
    SecretFiles.writePublic(stranger.resolve("node.pem"), Pem.of(pair.certificate()));
    SecretFiles.writeSecret(stranger.resolve("node-key.pem"), Pem.of(pair.key()));
    String engine = "akka.remote.artery.ssl.rotating-keys-engine.";
    return ConfigFactory.parseMap(
            Map.of(
                engine + "cert-file", stranger.resolve("node.pem").toString(),
                engine + "key-file", stranger.resolve("node-key.pem").toString()))
        .withFallback(TlsMaterial.load(folder.resolve("ours"), CLOCK).artery());
  }

  private void stranger(Config tls) {
    ActorTestKit stranger = start(tls);
    others.add(stranger);
    join(stranger, first);
  }

  /** The stranger has seen its refusal; more attempts follow in the time the others talk. */
  private void assertNobodyJoined() {
    for (int i = 0; i < 20; i++) {
      assertTheyTalk();
    }
    assertThat(up(first)).isEqualTo(2);
    assertThat(
            StreamSupport.stream(
                Cluster.get(first.system()).state().getMembers().spliterator(), false))
        .hasSize(2);
    assertThat(
            StreamSupport.stream(
                Cluster.get(first.system()).state().getUnreachable().spliterator(), false))
        .isEmpty();
    for (ActorTestKit stranger : others) {
      assertThat(up(stranger)).isZero();
      assertThat(Cluster.get(stranger.system()).isTerminated()).isFalse();
    }
  }

  private static void assertTheyTalk() {
    TestProbe<Pong> probe = second.createTestProbe();
    ActorRefResolver resolver = ActorRefResolver.get(second.system());
    ActorRef<Ping> remote =
        resolver.resolveActorRef(ActorRefResolver.get(first.system()).toSerializationFormat(echo));
    remote.tell(new Ping("hello", probe.ref()));
    assertThat(probe.receiveMessage(PATIENCE)).isEqualTo(new Pong("hello"));
  }

  private static Behavior<Ping> echo() {
    return Behaviors.receiveMessage(
        ping -> {
          ping.replyTo().tell(new Pong(ping.text()));
          return Behaviors.same();
        });
  }

  private static ActorTestKit start(Config tls) {
    return ActorTestKit.create(
        "akkord",
        tls.withFallback(
                ConfigFactory.parseString(
                    """
                    akka.actor.provider = cluster
                    akka.remote.artery.canonical { hostname = 127.0.0.1, port = 0 }
                    akka.cluster.jmx.enabled = off
                    """))
            .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
            .withFallback(ConfigFactory.load()));
  }

  private static void join(ActorTestKit node, ActorTestKit seed) {
    Cluster.get(node.system())
        .manager()
        .tell(Join.create(Cluster.get(seed.system()).selfMember().address()));
  }

  private static long up(ActorTestKit node) {
    return StreamSupport.stream(
            Cluster.get(node.system()).state().getMembers().spliterator(), false)
        .filter(member -> member.status().equals(MemberStatus.up()))
        .count();
  }

  private static int port(ActorTestKit node) {
    return node.system().address().getPort().orElseThrow();
  }

  private static void drain(InputStream in) throws IOException {
    while (in.read() >= 0) {
      // until the other side has enough
    }
  }

  /** What the actor systems of this JVM log, causes included. */
  private static final class Log extends AppenderBase<ILoggingEvent> {
    private final Queue<String> lines = new ConcurrentLinkedQueue<>();

    @Override
    protected void append(ILoggingEvent event) {
      StringBuilder line = new StringBuilder(event.getFormattedMessage());
      for (IThrowableProxy t = event.getThrowableProxy(); t != null; t = t.getCause()) {
        line.append("; ").append(t.getMessage());
      }
      lines.add(line.toString());
    }

    boolean saw(String text) {
      return lines.stream().anyMatch(line -> line.contains(text));
    }
  }
}
