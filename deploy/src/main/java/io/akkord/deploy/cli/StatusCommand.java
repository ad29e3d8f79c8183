package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.ConfigFactory;
import io.akkord.deploy.state.StateSource;
import io.akkord.deploy.state.Table;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows a cluster. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description =
        "A cluster: nodes, what was lost of late, resources, use, who waits and why, and what needs attention. With --dir: one run.")
final class StatusCommand implements Callable<Integer> {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());
  private static final String LINE = "-".repeat(64);
  private static final double GIB = 1L << 30;

  @Option(
      names = "--address",
      paramLabel = "URL",
      description =
          "the head's dashboard (default: $AKKORD_ADDRESS, else the head on this machine)")
  private String address;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "one run instead of a cluster: its output_dir, or a folder of runs")
  private Path dir;

  @Option(
      names = "--format",
      defaultValue = "text",
      description = "text or json (default: ${DEFAULT-VALUE})")
  private String format;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (!format.equals("text") && !format.equals("json")) {
      spec.commandLine()
          .getErr()
          .println("akkord: --format is '" + format + "'; allowed are text and json");
      return ExitCode.USAGE;
    }
    if (dir != null) {
      try (StateSource source = StateSource.open(dir)) {
        JsonNode overview = source.get(List.of("overview"), Map.of());
        if (format.equals("json")) {
          out.println(overview.toPrettyString());
        } else {
          run(overview).forEach(line -> out.println(Table.safe(line)));
        }
      }
      out.flush();
      return ExitCode.OK;
    }
    JsonNode cluster = ControlClient.of(address, ConfigFactory.load()).get("cluster");
    if (format.equals("json")) {
      out.println(cluster.toPrettyString());
    } else {
      text(cluster).forEach(out::println);
    }
    out.flush();
    return ExitCode.OK;
  }

  static List<String> text(JsonNode cluster) {
    List<String> lines = new ArrayList<>();
    lines.add("======== Cluster status: " + time(cluster.path("now")) + " ========");
    lines.add("Node status");
    lines.add(LINE);
    nodes(lines, cluster);
    lines.add("Recent failures:");
    cluster.path("failures").forEach(f -> lines.add(failure(f)));
    none(lines, cluster.path("failures"), "(no failures)");
    lines.add("");
    lines.add("Resources");
    lines.add(LINE);
    lines.add("Usage:");
    usage(lines, cluster);
    jobs(lines, cluster);
    lines.add("");
    attention(lines, cluster.path("attention"));
    return lines;
  }

  private static String time(JsonNode millis) {
    return TIME.format(Instant.ofEpochMilli(millis.asLong()));
  }

  private static void jobs(List<String> lines, JsonNode cluster) {
    if (cluster.path("job_manager_node").asText().isEmpty()) {
      lines.add("Demands:");
      lines.add(" (the queue of jobs is moving to another control node; ask again)");
      return;
    }
    lines.add("Demands:");
    cluster
        .path("pending")
        .forEach(
            p -> lines.add(" %s: %s".formatted(p.path("job").asText(), p.path("why").asText())));
    none(lines, cluster.path("pending"), "(no resource demands)");
    lines.add("Running:");
    for (JsonNode job : cluster.path("running")) {
      lines.add(
          " %s  %s  since %s  on %s"
              .formatted(
                  job.path("job").asText(),
                  job.path("recipe").asText(),
                  time(job.path("started_at")),
                  job.path("node").asText()));
    }
    none(lines, cluster.path("running"), "(no job runs)");
  }

  private static void attention(List<String> lines, JsonNode entries) {
    lines.add("Needs attention:");
    for (JsonNode entry : entries) {
      lines.add(
          " %s: %s: %s"
              .formatted(
                  entry.path("severity").asText(),
                  entry.path("about").asText(),
                  entry.path("reason").asText()));
      lines.add("   " + entry.path("advice").asText());
    }
    none(lines, entries, "(nothing)");
  }

  /** A run by itself: how far it is, and what it needs. */
  static List<String> run(JsonNode overview) {
    JsonNode run = overview.path("run");
    JsonNode total = run.path("total_steps");
    List<String> lines = new ArrayList<>();
    lines.add(
        "Run %s in %s: %s after step %d%s%s"
            .formatted(
                run.path("id").asText(),
                run.path("folder").asText(),
                run.path("state").asText(),
                run.path("committed_steps").asLong(),
                total.isNumber() ? " of " + total.asLong() : "",
                run.path("reason").asText().isEmpty() ? "" : "; " + run.path("reason").asText()));
    attention(lines, overview.path("attention"));
    return lines;
  }

  private static void none(List<String> lines, JsonNode list, String text) {
    if (list.isEmpty()) {
      lines.add(" " + text);
    }
  }

  /** As Ray's: who is there, who is on the way and why not there yet; and who does not answer. */
  private static void nodes(List<String> lines, JsonNode cluster) {
    long now = cluster.path("now").asLong();
    List<String> active = new ArrayList<>();
    List<String> pending = new ArrayList<>();
    List<String> silent = new ArrayList<>();
    for (JsonNode node : cluster.path("nodes")) {
      switch (node.path("state").asText()) {
        case "up" -> active.add(node(node, now));
        case "joining" -> pending.add(joining(node, now));
        default -> silent.add(node(node, now));
      }
    }
    lines.add("Active:");
    lines.addAll(active.isEmpty() ? List.of(" (no active nodes)") : active);
    lines.add("Pending:");
    lines.addAll(pending.isEmpty() ? List.of(" (no pending nodes)") : pending);
    if (!silent.isEmpty()) {
      lines.add("Not reachable:");
      lines.addAll(silent);
    }
  }

  private static String joining(JsonNode node, long now) {
    return " %-7s %s  %s, for %d s"
        .formatted(
            roles(node),
            node.path("address").asText(),
            node.path("why").asText(),
            secondsSince(node, now));
  }

  private static String roles(JsonNode node) {
    List<String> roles = new ArrayList<>();
    node.path("roles").forEach(role -> roles.add(role.asText()));
    roles.removeIf(role -> role.startsWith("dc-"));
    return String.join(",", roles);
  }

  private static long secondsSince(JsonNode node, long now) {
    return Math.max(0, now - node.path("heard_at").asLong()) / 1000;
  }

  private static String node(JsonNode node, long now) {
    List<String> devices = new ArrayList<>();
    node.path("devices").forEach(device -> devices.add(device.asText()));
    return String.format(
        Locale.ROOT,
        " %-7s %s  %s  pid %d  %s  rss %.1f GiB  heard %d s ago%s",
        roles(node),
        node.path("node").asText(),
        node.path("address").asText(),
        node.path("pid").asLong(),
        devices.isEmpty() ? "no devices" : String.join(",", devices),
        node.path("rss_bytes").asLong() / GIB,
        secondsSince(node, now),
        node.path("incarnation").asInt() > 1
            ? "  incarnation " + node.path("incarnation").asInt()
            : "");
  }

  private static String failure(JsonNode failure) {
    return " %s  %s %s"
        .formatted(
            time(failure.path("at")), failure.path("node").asText(), failure.path("what").asText());
  }

  private static void usage(List<String> lines, JsonNode cluster) {
    int devices = 0;
    long memory = 0;
    long used = 0;
    List<String> hosts = new ArrayList<>();
    for (JsonNode node : cluster.path("nodes")) {
      if (node.path("state").asText().equals("joining")) {
        continue;
      }
      devices += node.path("devices").size();
      // Several nodes of one machine have one memory between them.
      if (!hosts.contains(node.path("host").asText())) {
        hosts.add(node.path("host").asText());
        memory += node.path("memory_bytes").asLong();
        used += node.path("memory_used_bytes").asLong();
      }
    }
    boolean busy = !cluster.path("running").isEmpty();
    int workers = cluster.path("workers").asInt();
    lines.add(" %d/%d workers".formatted(busy ? workers : 0, Math.max(workers, devices)));
    lines.add(
        String.format(
            Locale.ROOT,
            " %.1f/%.1f GiB memory on %d %s",
            used / GIB,
            memory / GIB,
            hosts.size(),
            hosts.size() == 1 ? "host" : "hosts"));
  }
}
