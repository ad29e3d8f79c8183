package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/** Whoever reaches the ports of a cluster and sends what no peer sends. */
final class Hostile {
  /** A record of TLS that is an alert. */
  static final int ALERT = 0x15;

  private static final int PATIENCE_MS = 60_000;

  private Hostile() {}

  /**
   * Sends garbage and oversized frames to every port of the nodes but their dashboards'. Each is
   * answered by the end of its connection, at most with one alert before.
   */
  static void attack(List<JsonNode> nodes) throws IOException {
    for (JsonNode node : nodes) {
      String dashboard = node.path("dashboard").asText();
      for (InetSocketAddress port : ListeningSockets.of(node.path("pid").asLong())) {
        if (!dashboard.endsWith(":" + port.getPort())) {
          attack(port);
        }
      }
    }
  }

  private static void attack(InetSocketAddress port) throws IOException {
    byte[] noise = new byte[1 << 16];
    new Random(port.getPort()).nextBytes(noise);
    // No record of TLS begins so. What might be the beginning of one is waited for, and harms
    // nobody.
    noise[0] = 0;
    ByteArrayOutputStream oversized = new ByteArrayOutputStream();
    // Artery's connection header with the stream of control messages, then a frame of 2 GiB.
    oversized.writeBytes("AKKA".getBytes(StandardCharsets.US_ASCII));
    oversized.writeBytes(new byte[] {1, -1, -1, -1, 0x7f});
    oversized.writeBytes(noise);
    for (byte[] bytes :
        List.of(
            noise,
            oversized.toByteArray(),
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII))) {
      assertThat(firstAnswer(port, bytes)).as("%s", port).isIn(-1, ALERT);
    }
  }

  private static int firstAnswer(InetSocketAddress port, byte[] bytes) throws IOException {
    try (Socket socket = new Socket(port.getAddress(), port.getPort())) {
      socket.setSoTimeout(PATIENCE_MS);
      socket.getOutputStream().write(bytes);
      int first = socket.getInputStream().read();
      while (socket.getInputStream().read() >= 0) {}
      return first;
    } catch (SocketException e) {
      return -1;
    }
  }
}
