package io.akkord.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Network namespaces of this machine, each as a machine of its own with two cables: one to the
 * switch of the cluster, which can be pulled, and one to the switch of the database. A namespace
 * lives as long as the process that holds it, and its cables with it.
 */
final class Namespaces implements AutoCloseable {
  /** Addresses for measurements, which no network uses. */
  private static final String CLUSTER = "198.18.%d.".formatted(1 + self() % 250);

  private static final String DATABASE = "198.19.%d.".formatted(1 + self() % 250);

  private static final int SECONDS = 10;

  private final String clusterSwitch = "ak%db".formatted(self());
  private final String databaseSwitch = "ak%dd".formatted(self());
  private final List<Process> holders = new ArrayList<>();

  private Namespaces() {}

  private static long self() {
    return ProcessHandle.current().pid();
  }

  /** Why there can be none here; empty: they can. */
  static Optional<String> whyNot() {
    for (String tool : List.of("ip", "unshare", "nsenter")) {
      boolean found =
          Stream.of("/usr/sbin", "/sbin", "/usr/bin", "/bin")
              .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
      if (!found) {
        return Optional.of("there is no program `" + tool + "` (packages iproute2, util-linux)");
      }
    }
    try (Namespaces trial = new Namespaces()) {
      trial.open();
      trial.add(1);
      return Optional.empty();
    } catch (IOException | IllegalStateException e) {
      return Optional.of("network namespaces are not permitted: " + e.getMessage());
    }
  }

  /** A switch with nothing behind it yet. */
  static Namespaces create() throws IOException {
    Namespaces namespaces = new Namespaces();
    namespaces.open();
    return namespaces;
  }

  private void open() throws IOException {
    open(clusterSwitch, CLUSTER);
    open(databaseSwitch, DATABASE);
  }

  private static void open(String bridge, String network) throws IOException {
    run("ip", "link", "add", "name", bridge, "type", "bridge");
    run("ip", "addr", "add", network + "1/24", "dev", bridge);
    run("ip", "link", "set", bridge, "up");
  }

  /** Where this process is found from the namespaces, by the cables that are never pulled. */
  String here() {
    return DATABASE + "1";
  }

  /** The address of a namespace in the cluster; they count from 1. */
  String address(int number) {
    return CLUSTER + (10 + number);
  }

  private static String cable(int number) {
    return "ak%dv%d".formatted(self(), number);
  }

  private static String databaseCable(int number) {
    return "ak%dw%d".formatted(self(), number);
  }

  /** One more namespace, connected. */
  void add(int number) throws IOException {
    Process holder = new ProcessBuilder("unshare", "-n", "--", "cat").start();
    holders.add(holder);
    awaitNamespace(holder);
    plug(number, clusterSwitch, cable(number), address(number));
    plug(number, databaseSwitch, databaseCable(number), DATABASE + (10 + number));
    within(number, "ip", "link", "set", "lo", "up");
  }

  private void plug(int number, String bridge, String cable, String address) throws IOException {
    String end = cable + "i";
    run("ip", "link", "add", cable, "type", "veth", "peer", "name", end);
    run("ip", "link", "set", end, "netns", Long.toString(holders.get(number - 1).pid()));
    run("ip", "link", "set", cable, "master", bridge);
    run("ip", "link", "set", cable, "up");
    within(number, "ip", "addr", "add", address + "/24", "dev", end);
    within(number, "ip", "link", "set", end, "up");
  }

  private void within(int number, String... words) throws IOException {
    List<String> command = new ArrayList<>(inside(number));
    command.addAll(List.of(words));
    run(command.toArray(String[]::new));
  }

  /** Its process begins in the namespace of this one. */
  private static void awaitNamespace(Process holder) throws IOException {
    Path own = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (holder.isAlive() && System.nanoTime() < deadline) {
      Path link = Path.of("/proc/" + holder.pid() + "/ns/net");
      if (!Files.readSymbolicLink(link).equals(own)) {
        return;
      }
      Thread.onSpinWait();
    }
    throw new IOException(
        "unshare -n: " + new String(holder.getErrorStream().readAllBytes()).strip());
  }

  /** What goes before a command that is to run in a namespace. */
  List<String> inside(int number) {
    return List.of(
        "nsenter", "--target", Long.toString(holders.get(number - 1).pid()), "--net", "--");
  }

  /** Pulls the cable. */
  void cut(int number) throws IOException {
    run("ip", "link", "set", cable(number), "down");
  }

  /** Puts it back. */
  void heal(int number) throws IOException {
    run("ip", "link", "set", cable(number), "up");
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(String.join(" ", command) + " has not ended");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    if (process.exitValue() != 0) {
      String said = new String(process.getInputStream().readAllBytes()).strip();
      throw new IOException("`%s`: %s".formatted(String.join(" ", command), said));
    }
  }

  @Override
  public void close() {
    for (Process holder : holders) {
      holder.destroyForcibly();
    }
    for (Process holder : holders) {
      holder.onExit().join();
    }
    List<String> links = new ArrayList<>(List.of(clusterSwitch, databaseSwitch));
    for (int number = 1; number <= holders.size(); number++) {
      links.add(cable(number));
      links.add(databaseCable(number));
    }
    for (String link : links) {
      try {
        if (Files.exists(Path.of("/sys/class/net", link))) {
          run("ip", "link", "del", link);
        }
      } catch (IOException e) {
        // A cable goes with its namespace, which may be ending just now.
        System.out.println("left to the kernel: " + e.getMessage());
      }
    }
  }
}
