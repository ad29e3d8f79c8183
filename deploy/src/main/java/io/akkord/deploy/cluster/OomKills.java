package io.akkord.deploy.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * How many processes the kernel has killed for want of memory: of this process's control group, and
 * of the machine. Under version 2 of control groups the file is {@code memory.events}, absent in
 * the root; under version 1 {@code memory.oom_control}.
 */
final class OomKills {
  private static final String FIELD = "oom_kill";
  private static final Path ROOT = Path.of("/");

  /**
   * Two counts; -1: not known here.
   *
   * @param group of the nearest control group that counts
   * @param machine since it was started
   */
  record Count(long group, long machine) {
    static final Count UNKNOWN = new Count(-1, -1);

    boolean groupRoseSince(Count before) {
      return before.group >= 0 && group > before.group;
    }

    boolean machineRoseSince(Count before) {
      return before.machine >= 0 && machine > before.machine;
    }
  }

  private final Path proc;
  private final Path cgroups;

  /** Counts as files under these folders say. */
  OomKills(Path proc, Path cgroups) {
    this.proc = proc;
    this.cgroups = cgroups;
  }

  static OomKills ofThisMachine() {
    return new OomKills(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
  }

  Count read() {
    return new Count(group(), field(proc.resolve("vmstat")).orElse(-1));
  }

  private long group() {
    for (String line : lines(proc.resolve("self/cgroup"))) {
      // hierarchy:controllers:path
      String[] parts = line.split(":", 3);
      if (parts.length < 3) {
        continue;
      }
      OptionalLong count = OptionalLong.empty();
      if (parts[1].isEmpty()) {
        count = nearest(cgroups, parts[2], "memory.events");
      } else if (List.of(parts[1].split(",")).contains("memory")) {
        count = nearest(cgroups.resolve("memory"), parts[2], "memory.oom_control");
      }
      if (count.isPresent()) {
        return count.getAsLong();
      }
    }
    return -1;
  }

  /** From the group upwards: in a container what is above it may be all that is mounted. */
  private static OptionalLong nearest(Path mount, String group, String file) {
    Path inside = ROOT.relativize(Path.of(group).normalize());
    for (Path at = mount.resolve(inside).normalize(); at.startsWith(mount); at = at.getParent()) {
      OptionalLong count = field(at.resolve(file));
      if (count.isPresent()) {
        return count;
      }
    }
    return OptionalLong.empty();
  }

  private static OptionalLong field(Path file) {
    for (String line : lines(file)) {
      String[] words = line.strip().split("\\s+");
      if (words.length == 2 && words[0].equals(FIELD) && words[1].matches("\\d{1,18}")) {
        return OptionalLong.of(Long.parseLong(words[1]));
      }
    }
    return OptionalLong.empty();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      // No such accounting here.
      return List.of();
    }
  }
}
