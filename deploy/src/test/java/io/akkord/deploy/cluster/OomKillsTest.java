package io.akkord.deploy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.deploy.cluster.OomKills.Count;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the kernel's count of processes killed for memory is found. */
class OomKillsTest {
  @TempDir private Path folder;
  private Path proc;
  private Path cgroups;

  @BeforeEach
  void aMachineThatHasKilledSeven() throws IOException {
    proc = folder.resolve("proc");
    cgroups = folder.resolve("cgroup");
    write("proc/vmstat", "pgfault 12\noom_kill 7\n");
  }

  private void write(String file, String text) throws IOException {
    Files.createDirectories(folder.resolve(file).getParent());
    Files.writeString(folder.resolve(file), text);
  }

  private Count read() {
    return new OomKills(proc, cgroups).read();
  }

  @Test
  void theOwnGroupCounts() throws IOException {
    write("proc/self/cgroup", "0::/system.slice/akkord.service\n");
    write("cgroup/memory.events", "oom_kill 5\n");
    write(
        "cgroup/system.slice/akkord.service/memory.events", "oom 3\noom_kill 2\noom_group_kill 0");
    assertThat(read()).isEqualTo(new Count(2, 7));
  }

  @Test
  void aGroupThatIsNotMountedHereIsLookedForAbove() throws IOException {
    write("proc/self/cgroup", "0::/kubepods/pod1/container\n");
    write("cgroup/kubepods/memory.events", "oom_kill 4\n");
    assertThat(read()).isEqualTo(new Count(4, 7));
    write("proc/self/cgroup", "0::/../../other\n");
    write("cgroup/memory.events", "oom_kill 1\n");
    assertThat(read()).as("a path that leads out").isEqualTo(new Count(1, 7));
  }

  @Test
  void theRootGroupHasNoFileAndTheMachinesCountIsLeft() throws IOException {
    write("proc/self/cgroup", "0::/\n");
    assertThat(read()).isEqualTo(new Count(-1, 7));
  }

  @Test
  void versionOneHasAnotherFileUnderItsController() throws IOException {
    write("proc/self/cgroup", "8:pids:/\n4:cpu,memory:/jobs/77\n0::/\n");
    write("cgroup/memory/jobs/77/memory.oom_control", "under_oom 0\noom_kill 3\n");
    assertThat(read()).isEqualTo(new Count(3, 7));
  }

  @Test
  void whereNothingIsCountedNothingIsKnown() throws IOException {
    Files.delete(proc.resolve("vmstat"));
    assertThat(read()).isEqualTo(Count.UNKNOWN);
    write("proc/self/cgroup", "nonsense\n0::/\n");
    write("cgroup/memory.events", "oom_kill many\n");
    assertThat(read()).isEqualTo(Count.UNKNOWN);
  }

  @Test
  void aCountRisesOnlyFromOneThatWasKnown() {
    assertThat(new Count(3, 3).groupRoseSince(new Count(2, 3))).isTrue();
    assertThat(new Count(3, 3).groupRoseSince(new Count(3, 3))).isFalse();
    assertThat(new Count(3, 3).groupRoseSince(Count.UNKNOWN)).isFalse();
    assertThat(new Count(3, 4).machineRoseSince(new Count(3, 3))).isTrue();
    assertThat(new Count(3, 4).machineRoseSince(Count.UNKNOWN)).isFalse();
  }
}
