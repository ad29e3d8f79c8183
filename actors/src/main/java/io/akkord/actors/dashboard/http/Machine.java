package io.akkord.actors.dashboard.http;

import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.Checkpoints.Checkpoint;
import io.akkord.actors.dashboard.Attention;
import io.akkord.actors.dashboard.RunView;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** This process and what it runs on. */
final class Machine {
  private Machine() {}

  static Map<String, Object> view(Path folder, long now) {
    Map<String, Object> view = new LinkedHashMap<>();
    var runtime = ManagementFactory.getRuntimeMXBean();
    Runtime java = Runtime.getRuntime();
    view.put("node", name());
    view.put("pid", ProcessHandle.current().pid());
    view.put("started_at", runtime.getStartTime());
    view.put("heartbeat_at", now);
    view.put("incarnation", Long.toHexString(runtime.getStartTime()));
    view.put("cores", java.availableProcessors());
    view.put("load", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    view.put("resident_bytes", residentBytes());
    view.put("heap_bytes", java.totalMemory() - java.freeMemory());
    view.put("heap_limit_bytes", java.maxMemory());
    view.put("memory_bytes", memoryBytes("MemTotal:"));
    view.put("memory_available_bytes", memoryBytes("MemAvailable:"));
    view.put("threads", ManagementFactory.getThreadMXBean().getThreadCount());
    view.put("java", runtime.getSpecVersion());
    Attention.Disk disk = disk(folder, 0);
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

  static Attention.Disk disk(Path folder, long checkpointBytes) {
    try {
      FileStore store = Files.getFileStore(folder);
      return new Attention.Disk(store.getUsableSpace(), store.getTotalSpace(), checkpointBytes);
    } catch (IOException e) {
      return Attention.Disk.UNKNOWN;
    }
  }

  /** Size of a run's newest checkpoint; NaN if none is there. */
  static double checkpointBytes(RunView run) {
    List<Checkpoint> newestFirst = Checkpoints.list(run.folder());
    if (newestFirst.isEmpty()) {
      return Double.NaN;
    }
    try (Stream<Path> files = Files.list(newestFirst.get(0).folder())) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException e) {
      // Rotation may have removed it since.
      return Double.NaN;
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
