package io.akkord.actors.node;

import com.sun.management.OperatingSystemMXBean;
import io.akkord.actors.run.ActorTree;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What this process can read of itself and its machine. */
public final class ThisNode {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path HOST = Path.of("/proc/sys/kernel/hostname");
  private static final long KIB = 1024;

  private ThisNode() {}

  /** The machine's name. */
  public static String host() {
    try {
      return Files.readString(HOST, StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "localhost";
    }
  }

  /** The report of this process as it is now. */
  public static NodeReport report(
      String node,
      String address,
      List<String> roles,
      List<String> devices,
      int incarnation,
      String machine,
      List<ActorTree.Row> actors,
      NodeLog.Part log) {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    return new NodeReport(
        node,
        host(),
        address,
        ProcessHandle.current().pid(),
        roles,
        devices,
        Runtime.getRuntime().availableProcessors(),
        system.getTotalMemorySize(),
        system.getTotalMemorySize() - system.getFreeMemorySize(),
        rss(),
        ManagementFactory.getRuntimeMXBean().getStartTime(),
        incarnation,
        machine,
        actors,
        log);
  }

  private static long rss() {
    try {
      for (String line : Files.readAllLines(STATUS, StandardCharsets.UTF_8)) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) * KIB;
        }
      }
    } catch (IOException e) {
      // Another operating system: not known.
    }
    return 0;
  }
}
