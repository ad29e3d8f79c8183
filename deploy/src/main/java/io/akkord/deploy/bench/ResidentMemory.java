package io.akkord.deploy.bench;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Physical memory of this process: heap, native buffers and code together. */
final class ResidentMemory {
  private ResidentMemory() {}

  static double mebibytes() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
        }
      }
    } catch (IOException e) {
      throw new UserError("memory is read from /proc/self/status: " + e.getMessage(), e);
    }
    throw new UserError("/proc/self/status has no VmRSS; memory is measured on Linux only");
  }
}
