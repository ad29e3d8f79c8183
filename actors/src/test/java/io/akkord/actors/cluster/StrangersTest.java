package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A cluster without TLS whose port for messages is sent what no peer sends. */
class StrangersTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TOKEN = "a-token-of-this-test";

  @Test
  void whatNoPeerSendsIsClosedAndToldAndTheClusterGoesOn() throws Exception {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger("io.akkord.actors.security");
    log.start();
    logger.addAppender(log);
    try (ClusterNode head = start(ClusterNode.CONTROL, List.of(), TOKEN);
        ClusterNode node = start(ClusterNode.WORKER, List.of(head.address()), TOKEN);
        ClusterNode thief = start(ClusterNode.WORKER, List.of(head.address()), "another-token-xx")) {
      node.joined().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      byte[] noise = new byte[1 << 16];
      new Random(7).nextBytes(noise);
      for (byte[] bytes :
          List.of(
              noise,
              "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
              frame(Integer.MAX_VALUE),
              frame(-9),
              frame(1 << 30))) {
        assertClosed(head, bytes);
        assertClosed(node, bytes);
      }
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(log.list)
                      .extracting(ILoggingEvent::getFormattedMessage)
                      .anyMatch(text -> text.endsWith("it says no hello of this cluster's nodes"))
                      .anyMatch(text -> text.endsWith("its node has another cluster token")));
      assertThat(thief.joined()).isNotDone();
      try (ClusterNode late = start(ClusterNode.WORKER, List.of(head.address()), TOKEN)) {
        late.joined().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        await().atMost(PATIENCE).until(() -> up(head) == 3 && up(node) == 3);
      }
    } finally {
      logger.detachAppender(log);
    }
  }

  private static ClusterNode start(String role, List<String> seeds, String token) {
    return ClusterNode.start(
        new ClusterNode.Options(
            "127.0.0.1", 0, seeds, token, List.of(role), ConfigFactory.empty()));
  }

  /** Artery's own opening, the stream of control messages, and a length that cannot be. */
  private static byte[] frame(int length) {
    return ByteBuffer.allocate(64)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("AKKA".getBytes(StandardCharsets.US_ASCII))
        .put((byte) 1)
        .putInt(length)
        .array();
  }

  private static void assertClosed(ClusterNode node, byte[] bytes) throws IOException {
    int port = Integer.parseInt(node.address().substring(node.address().indexOf(':') + 1));
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      socket.getOutputStream().write(bytes);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    } catch (SocketException e) {
      assertThat(e).hasMessageMatching("(?i).*(reset|broken pipe|aborted).*");
    }
  }

  private static long up(ClusterNode node) {
    return StreamSupport.stream(
            Cluster.get(node.system()).state().getMembers().spliterator(), false)
        .filter(member -> member.status().equals(MemberStatus.up()))
        .count();
  }
}
