package io.akkord.actors.worker;

import io.akkord.config.Recipe;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much memory the held forwards of one worker may take. */
final class HeldMemory {
  /** Of the available memory; the rest is for gradients, the journal's cache and everybody else. */
  private static final double SHARE = 0.5;

  private HeldMemory() {}

  static long bytes(Recipe recipe, int workers) {
    return recipe
        .heldForwardMemory()
        .bytes()
        .orElseGet(() -> (long) (available() * SHARE / workers));
  }

  private static long available() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("MemAvailable:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
        }
      }
    } catch (IOException e) {
      // Not Linux: ask the JVM.
    }
    var os =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return os.getFreeMemorySize();
  }
}
