package io.akkord.deploy.bench;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Physical memory of this process: heap, native buffers and code together. */
final class ResidentMemory {
  private ResidentMemory() {}

  static double mebibytes() {
    return status("VmRSS:");
  }

  /** The most that was resident since {@link #forgetPeak}. */
  static double peakMebibytes() {
    return status("VmHWM:");
  }

  /** Lets the peak start again from what is resident now. */
  static void forgetPeak() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    } catch (IOException e) {
      throw new UserError("the peak of memory cannot be reset: " + e.getMessage(), e);
    }
  }

  private static double status(String key) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith(key)) {
          return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
        }
      }
    } catch (IOException e) {
      throw new UserError("memory is read from /proc/self/status: " + e.getMessage(), e);
    }
    throw new UserError("/proc/self/status has no " + key + "; memory is measured on Linux only");
  }
}
