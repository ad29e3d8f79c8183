package io.akkord.actors.dashboard.http;

import io.akkord.actors.dashboard.Attention;
import io.akkord.actors.dashboard.RunDisk;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** This process and what it runs on. */
final class Machine {
  private Machine() {}

  /**
   * The process of a run. It answers itself, so it is heard of now; its actor system is started
   * once, as a run ends whose node was cut off.
   */
  static Map<String, Object> view(Path folder, List<String> devices, long now) {
    Map<String, Object> view = new LinkedHashMap<>();
    var runtime = ManagementFactory.getRuntimeMXBean();
    Runtime java = Runtime.getRuntime();
    view.put("node", name());
    view.put("pid", ProcessHandle.current().pid());
    view.put("started_at", runtime.getStartTime());
    view.put("heard_at", now);
    view.put("state", "up");
    view.put("roles", List.of("run"));
    view.put("devices", devices);
    view.put("incarnation", 1);
    view.put("cores", java.availableProcessors());
    view.put("load", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    view.put("rss_bytes", residentBytes());
    view.put("heap_bytes", java.totalMemory() - java.freeMemory());
    view.put("heap_limit_bytes", java.maxMemory());
    long memory = memoryBytes("MemTotal:");
    view.put("memory_bytes", memory);
    view.put("memory_used_bytes", memory - memoryBytes("MemAvailable:"));
    view.put("threads", ManagementFactory.getThreadMXBean().getThreadCount());
    view.put("java", runtime.getSpecVersion());
    Attention.Disk disk = RunDisk.of(folder);
    view.put("disk_free_bytes", disk.freeBytes());
    view.put("disk_total_bytes", disk.totalBytes());
    return view;
  }

  private static String name() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      return "this machine";
    }
  }

  /** 0 where the system does not tell. */
  static long residentBytes() {
    return line(Path.of("/proc/self/status"), "VmRSS:");
  }

  private static long memoryBytes(String key) {
    return line(Path.of("/proc/meminfo"), key);
  }

  private static long line(Path file, String key) {
    try {
      List<String> lines = Files.readAllLines(file);
      return lines.stream()
          .filter(line -> line.startsWith(key))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
