package io.akkord.actors.bulk.netty;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * How a process is reached; travels as text in a lane's address.
 *
 * @param process random, new with every start
 * @param machine the same for all processes of one running kernel
 * @param host TCP address
 * @param port TCP port
 * @param socket path of the Unix domain socket; empty: none
 */
record Endpoint(String process, String machine, String host, int port, String socket) {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final String SEPARATOR = "|";
  private static final int FIELDS = 4;

  /** A number that no other process and no earlier start of this one has. */
  static String newProcess() {
    byte[] random = new byte[12];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /** What the processes of this machine have in common. */
  static String thisMachine() {
    try {
      return Files.readString(BOOT_ID).strip();
    } catch (IOException e) {
      return InetAddress.getLoopbackAddress() + "@" + System.getenv().get("HOSTNAME");
    }
  }

  /**
   * Reads the text form.
   *
   * @throws IOException if it is none
   */
  static Endpoint parse(String text) throws IOException {
    String[] parts = text.split("\\|", FIELDS);
    int colon = parts.length == FIELDS ? parts[2].lastIndexOf(':') : -1;
    if (colon < 1 || parts[0].isEmpty()) {
      throw new IOException("not the endpoint of a bulk lane between processes: " + text);
    }
    try {
      int port = Integer.parseInt(parts[2].substring(colon + 1));
      return new Endpoint(parts[0], parts[1], parts[2].substring(0, colon), port, parts[3]);
    } catch (NumberFormatException e) {
      throw new IOException("no port in the endpoint " + text, e);
    }
  }

  /** The text form. */
  String text() {
    return String.join(SEPARATOR, process, machine, host + ":" + port, socket);
  }

  /** Whether its socket file can be seen from here. */
  boolean sharesFilesWith(Endpoint other) {
    return !socket.isEmpty() && machine.equals(other.machine) && Files.exists(Path.of(socket));
  }

  /** For people. */
  @Override
  public String toString() {
    return process.substring(0, Math.min(8, process.length())) + "@" + host + ":" + port;
  }
}
