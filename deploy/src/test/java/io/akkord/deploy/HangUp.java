package io.akkord.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** SIGHUP, which whoever was started by nohup does not hear, nor do the processes it starts. */
final class HangUp {
  private HangUp() {}

  static boolean isIgnored() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .map(line -> line.substring("SigIgn:".length()).strip())
        .anyMatch(mask -> (Long.parseUnsignedLong(mask, 16) & 1) != 0);
  }
}
