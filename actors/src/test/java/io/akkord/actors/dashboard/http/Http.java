package io.akkord.actors.dashboard.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Requests as they go over the wire, whatever a client library would not send. */
final class Http {
  private static final int DEADLINE_MS = 20_000;

  /** An answer; header names in lower case. */
  record Reply(int status, Map<String, String> headers, String body) {}

  private Http() {}

  /** Asks with {@code Host: 127.0.0.1:PORT} unless headers say another one. */
  static Reply ask(int port, String method, String target, String... headers) throws IOException {
    try (Socket socket = open(port, method, target, headers)) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(all);
      return parse(all.toString(StandardCharsets.UTF_8));
    }
  }

  /** Hands a body in. */
  static Reply post(int port, String target, String body, String... headers) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String[] all = Arrays.copyOf(headers, headers.length + 4);
    all[headers.length] = "Content-Type";
    all[headers.length + 1] = "application/json";
    all[headers.length + 2] = "Content-Length";
    all[headers.length + 3] = Integer.toString(bytes.length);
    try (Socket socket = open(port, "POST", target, all)) {
      try {
        socket.getOutputStream().write(bytes);
      } catch (SocketException e) {
        // It has been refused before it was all there; the answer says so.
      }
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      try {
        socket.getInputStream().transferTo(answer);
      } catch (SocketException e) {
        // Closed after the answer with what was not read: what there is counts.
      }
      return parse(answer.toString(StandardCharsets.UTF_8));
    }
  }

  /** Asks and reads nothing. */
  static Socket open(int port, String method, String target, String... headers) throws IOException {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("Host", "127.0.0.1:" + port);
    all.put("Connection", "close");
    for (int i = 0; i < headers.length; i += 2) {
      all.put(headers[i], headers[i + 1]);
    }
    StringBuilder request = new StringBuilder(method + " " + target + " HTTP/1.1\r\n");
    all.forEach((name, value) -> request.append(name + ": " + value + "\r\n"));
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(DEADLINE_MS);
    socket.getOutputStream().write((request + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    return socket;
  }

  private static Reply parse(String text) {
    int end = text.indexOf("\r\n\r\n");
    String[] head = text.substring(0, end).split("\r\n");
    Map<String, String> headers = new LinkedHashMap<>();
    for (int i = 1; i < head.length; i++) {
      String[] pair = head[i].split(": ", 2);
      headers.put(pair[0].toLowerCase(Locale.ROOT), pair[1]);
    }
    return new Reply(Integer.parseInt(head[0].split(" ")[1]), headers, text.substring(end + 4));
  }
}
