package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.junit.jupiter.api.Test;

/** What {@code akkord status} prints, word by word. */
class StatusCommandTest {
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final DateTimeFormatter LOCAL =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());
  private static final long NOW = 1_790_000_000_000L;

  private static final String HEAD =
      """
        - {node: head-1, state: up, host: alpha, address: "10.0.0.1:7265", pid: 11, roles: [control, dc-default], devices: [], memory_bytes: 17179869184, memory_used_bytes: 4294967296, rss_bytes: 1073741824, heard_at: 1789999999000, incarnation: 1, why: ""}
      """;

  private static final String IDLE =
      """
      now: 1790000000000
      job_manager_node: head-1
      workers: 0
      nodes:
      """
          + HEAD
          + """
            pending: []
            failures: []
            running: []
            attention: []
            """;

  private static String told(String yaml) throws IOException {
    JsonNode cluster = YAML.readTree(yaml);
    return String.join("\n", StatusCommand.text(cluster)) + "\n";
  }

  private static String time(long millis) {
    return LOCAL.format(Instant.ofEpochMilli(millis));
  }

  @Test
  void aHeadAlone() throws IOException {
    assertThat(told(IDLE))
        .isEqualTo(
            """
            ======== Cluster status: %s ========
            Node status
            ----------------------------------------------------------------
            Active:
             control head-1  10.0.0.1:7265  pid 11  no devices  rss 1.0 GiB  heard 1 s ago
            Pending:
             (no pending nodes)
            Recent failures:
             (no failures)

            Resources
            ----------------------------------------------------------------
            Usage:
             0/0 workers
             4.0/16.0 GiB memory on 1 host
            Demands:
             (no resource demands)
            Running:
             (no job runs)

            Needs attention:
             (nothing)
            """
                .formatted(time(NOW)));
  }

  @Test
  void everythingAtOnce() throws IOException {
    String busy =
        """
        now: 1790000000000
        job_manager_node: head-1
        workers: 2
        nodes:
        """
            + HEAD
            + """
                - {node: two, state: up, host: beta, address: "10.0.0.2:4001", pid: 22, roles: [worker], devices: ["cpu:0", "cpu:1"], memory_bytes: 8589934592, memory_used_bytes: 1073741824, rss_bytes: 536870912, heard_at: 1789999998500, incarnation: 2, why: ""}
                - {node: three, state: unreachable, host: beta, address: "10.0.0.2:4002", pid: 33, roles: [worker], devices: ["cpu:0"], memory_bytes: 8589934592, memory_used_bytes: 1073741824, rss_bytes: 536870912, heard_at: 1789999991000, incarnation: 1, why: ""}
                - {node: "10.0.0.3:4003", state: joining, host: 10.0.0.3, address: "10.0.0.3:4003", pid: 0, roles: [worker], devices: [], memory_bytes: 0, memory_used_bytes: 0, rss_bytes: 0, heard_at: 1789999987000, incarnation: 1, why: "wants to join, is not let in yet: nobody is until three can be reached again or is removed"}
              pending:
                - {job: job-2, why: "wants 4 workers, has none of 2: job-1 is running and comes first (akkord job stop job-1 ends it)"}
              failures:
                - {at: 1789999940000, node: "four (10.0.0.4:4004, pid 44)", what: "was lost: last heard of at 2026-09-21T14:24:00Z, 9 s before; the cluster goes on without it"}
              running:
                - {job: job-1, recipe: demo.yaml, started_at: 1789999000000, node: head-1}
              attention:
                - {severity: warning, about: "step 12", reason: "is overdue", advice: "look at beta"}
              """;
    assertThat(told(busy))
        .isEqualTo(
            """
            ======== Cluster status: %s ========
            Node status
            ----------------------------------------------------------------
            Active:
             control head-1  10.0.0.1:7265  pid 11  no devices  rss 1.0 GiB  heard 1 s ago
             worker  two  10.0.0.2:4001  pid 22  cpu:0,cpu:1  rss 0.5 GiB  heard 1 s ago  incarnation 2
            Pending:
             worker  10.0.0.3:4003  wants to join, is not let in yet: nobody is until three can be reached again or is removed, for 13 s
            Not reachable:
             worker  three  10.0.0.2:4002  pid 33  cpu:0  rss 0.5 GiB  heard 9 s ago
            Recent failures:
             %s  four (10.0.0.4:4004, pid 44) was lost: last heard of at 2026-09-21T14:24:00Z, 9 s before; the cluster goes on without it

            Resources
            ----------------------------------------------------------------
            Usage:
             2/3 workers
             5.0/24.0 GiB memory on 2 hosts
            Demands:
             job-2: wants 4 workers, has none of 2: job-1 is running and comes first (akkord job stop job-1 ends it)
            Running:
             job-1  demo.yaml  since %s  on head-1

            Needs attention:
             warning: step 12: is overdue
               look at beta
            """
                .formatted(time(NOW), time(1789999940000L), time(1789999000000L)));
  }

  @Test
  void whileTheQueueMovesNothingIsSaidOfJobs() throws IOException {
    assertThat(told(IDLE.replace("job_manager_node: head-1", "job_manager_node: ''")))
        .contains(
            """
            Demands:
             (the queue of jobs is moving to another control node; ask again)

            Needs attention:
            """)
        .doesNotContain("(no job runs)");
  }
}
