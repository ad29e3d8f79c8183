package io.akkord.deploy.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.dashboard.http.DashboardOptions;
import io.akkord.actors.dashboard.http.DashboardServer;
import io.akkord.actors.dashboard.http.Token;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TimedEvent;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** What the dashboard costs a run, and how soon it answers. */
public final class DashboardBench {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ROWS = 4;
  private static final int LENGTH = 256;
  private static final int CLIENTS = 5;
  private static final int STEPS = 100_000;

  private static final int NODES = 64;
  private static final int DEADLINE_SECONDS = 60;
  private static final List<String> NOT_COUNTED = List.of("worker-", "HttpClient");

  /** What a page asks for before it is whole. */
  private static final List<String> PAGE =
      List.of(
          "/",
          "/app.css",
          "/uPlot.min.css",
          "/app.js",
          "/dom.js",
          "/format.js",
          "/data.js",
          "/charts.js",
          "/page-overview.js",
          "/page-runs.js",
          "/page-machines.js",
          "/page-steps.js",
          "/page-ledger.js",
          "/page-rewrites.js",
          "/page-record.js",
          "/diff.js",
          "/uPlot.esm.js",
          "/icon.svg",
          "/api/v1/runs",
          "/api/v1/overview");

  private final int threads;
  private final int rounds;
  private final int steps;
  private final Consumer<String> progress;
  private final HttpClient http = HttpClient.newHttpClient();

  /**
   * Prepares a bench.
   *
   * @param rounds pairs of measurements; the median counts
   * @param steps optimiser steps per measurement
   */
  public DashboardBench(int threads, int rounds, int steps, Consumer<String> progress) {
    this.threads = threads;
    this.rounds = rounds;
    this.steps = steps;
    this.progress = progress;
  }

  /**
   * Seconds per step of one run while five people look at Overview, Runs, Nodes, Steps and Ledger,
   * served by this very process, against those of the same run while nobody does, in turn; 21.7 M,
   * batch 4×256. The people sit in another process that yields to this one, as their browsers are
   * on other machines. And, as seconds per step of a shared machine scatter by more than what is
   * looked for, what the pages cost in processor time, of the cores that the run has.
   */
  public List<Figure> open() throws Exception {
    try (BenchFolder folder = BenchFolder.create()) {
      Path output = folder.root().resolve("run");
      EffectiveRecipe recipe = recipe(folder, output);
      RunSet runs = RunSet.beside(output);
      try (DashboardServer server = server(runs);
          Visitors visitors = Visitors.start(server.url(), CLIENTS)) {
        InTurn turns = new InTurn(server.url(), visitors, () -> runs.begin(output).id());
        TrainingRun run =
            TrainingRun.start(
                new TrainOptions(
                    recipe,
                    Settings.read(ConfigFactory.load()),
                    1,
                    false,
                    line -> {},
                    event -> {
                      runs.begin(output).on(new TimedEvent(System.currentTimeMillis(), event));
                      turns.on(event);
                    }));
        runs.begin(output).follow(new Unstoppable(run));
        RunResult result = run.result().toCompletableFuture().get(2, TimeUnit.HOURS);
        if (!result.finished()) {
          throw new IllegalStateException("the benchmark's run ended: " + result.reason());
        }
        return turns.figures();
      } finally {
        runs.close();
      }
    }
  }

  private EffectiveRecipe recipe(BenchFolder folder, Path output) throws IOException {
    return RecipeReader.parse(
        "bench.yaml",
        """
        model_name_or_path: "%s"
        train_file: "%s"
        output_dir: "%s"
        rewrite: off
        global_batch_size: %d
        micro_batch_size: %d
        logical_shards: 1
        max_steps: %d
        max_length: %d
        threads: %d
        save_steps: null
        """
            .formatted(
                folder.model(),
                folder.data(64 * ROWS, LENGTH),
                output,
                ROWS,
                ROWS,
                (2 * rounds + 1) * (steps + 1) + 1,
                LENGTH,
                threads),
        folder.root(),
        List.of());
  }

  /**
   * Blocks of steps with pages open and without; the first step of each does not count, nor does
   * the first block, in which people in this process ask without a pause until the compilers have
   * come to rest.
   */
  private final class InTurn {
    private final double[] open = new double[rounds];
    private final double[] alone = new double[rounds];
    private final double[] openCpu = new double[rounds];
    private final double[] aloneCpu = new double[rounds];
    private final String url;
    private final Visitors visitors;
    private final Supplier<String> run;
    private long begun;
    private Map<Long, Long> cpuBegun = Map.of();
    private double answersPerSecond;
    private DashboardClients warmUp;
    private int block = -1;
    private int inBlock;

    InTurn(String url, Visitors visitors, Supplier<String> run) {
      this.url = url;
      this.visitors = visitors;
      this.run = run;
    }

    void on(RunEvent event) {
      if (!(event instanceof RunEvent.Step) || block >= 2 * rounds) {
        return;
      }
      if (block < 0 && inBlock == 0) {
        warmUp = DashboardClients.hasty(url, run.get(), CLIENTS);
      }
      if (inBlock == 1) {
        begun = System.nanoTime();
        cpuBegun = otherCpuNanos();
      }
      if (inBlock == steps + 1) {
        double seconds = (System.nanoTime() - begun) / 1e9;
        ended(seconds / steps, since(cpuBegun) / seconds / threads);
        inBlock = 0;
      }
      inBlock++;
    }

    private void ended(double seconds, double cpu) {
      boolean watched = block >= 0 && block % 2 == 0;
      if (block < 0) {
        warmUp.close();
      } else if (watched) {
        answersPerSecond = visitors.leave() / (seconds * steps);
      }
      if (block >= 0) {
        (watched ? open : alone)[block / 2] = seconds;
        (watched ? openCpu : aloneCpu)[block / 2] = cpu;
      }
      if (block >= 0 && !watched) {
        int round = block / 2;
        progress.accept(
            "dashboard round %d of %d: %.3f s/step with %d pages open (%.1f answers a second), %.3f without; CPU of all but the engine %.2f %%, %.2f %% without"
                .formatted(
                    round + 1,
                    rounds,
                    open[round],
                    CLIENTS,
                    answersPerSecond,
                    alone[round],
                    100 * openCpu[round],
                    100 * aloneCpu[round]));
      }
      block++;
      if (block % 2 == 0 && block < 2 * rounds) {
        visitors.open(run.get());
      }
    }

    List<Figure> figures() {
      if (block < 2 * rounds) {
        throw new IllegalStateException(
            "only %d of %d blocks of steps were measured".formatted(block, 2 * rounds));
      }
      double[] cost = new double[rounds];
      for (int round = 0; round < rounds; round++) {
        cost[round] = 100 * (openCpu[round] - aloneCpu[round]);
      }
      return List.of(
          Figure.paired(
              "dashboard_5_pages_open_21.7M_4x256_fp32", open, "s/step", alone, "no page open"),
          Figure.alone("dashboard_5_pages_cpu_of_the_runs_cores", cost, "%"));
    }
  }

  /**
   * Processor time of the JVM's threads by id, but for those that compute, whose own threads are
   * the engine's and not Java's.
   */
  private static Map<Long, Long> otherCpuNanos() {
    ThreadMXBean all = ManagementFactory.getThreadMXBean();
    Map<Long, Long> nanos = new HashMap<>();
    for (ThreadInfo thread : all.getThreadInfo(all.getAllThreadIds())) {
      if (thread != null && NOT_COUNTED.stream().noneMatch(thread.getThreadName()::startsWith)) {
        nanos.put(thread.getThreadId(), Math.max(0, all.getThreadCpuTime(thread.getThreadId())));
      }
    }
    return nanos;
  }

  private static double since(Map<Long, Long> begun) {
    Map<Long, Long> now = otherCpuNanos();
    now.replaceAll((thread, nanos) -> nanos - begun.getOrDefault(thread, 0L));
    return now.values().stream().mapToLong(Long::longValue).sum() / 1e9;
  }

  /**
   * A page's first view of a run of 100,000 steps that is over: seconds, also from the start of a
   * server that has yet to read the record, and bytes on the wire. The baseline is the goal.
   */
  public List<Figure> view() throws Exception {
    double[] seconds = new double[rounds];
    double[] bytes = new double[rounds];
    double[] read = new double[rounds];
    double[] cold = new double[rounds];
    try (BenchFolder folder = BenchFolder.create()) {
      Path output = record(folder.root().resolve("run"), STEPS, 2);
      for (int round = 0; round < rounds; round++) {
        long start = System.nanoTime();
        try (RunSet runs = RunSet.around(output);
            DashboardServer server = server(runs)) {
          awaitLoaded(runs);
          read[round] = (System.nanoTime() - start) / 1e9;
          long asked = System.nanoTime();
          String run = runs.find("").orElseThrow().id();
          for (String path : PAGE) {
            bytes[round] += get(server, path);
          }
          bytes[round] += get(server, "/api/v1/runs/" + run);
          bytes[round] += get(server, "/api/v1/runs/" + run + "/curves");
          seconds[round] = (System.nanoTime() - asked) / 1e9;
          cold[round] = (System.nanoTime() - start) / 1e9;
        }
        progress.accept(
            "view round %d of %d: record read after %.2f s, page whole after %.3f s and %.0f bytes"
                .formatted(round + 1, rounds, read[round], seconds[round], bytes[round]));
      }
    }
    return List.of(
        Figure.paired("dashboard_view_100000_steps", seconds, "s", goal(1), "goal"),
        Figure.paired("dashboard_cold_view_100000_steps", cold, "s", goal(1), "goal"),
        Figure.paired("dashboard_view_100000_steps_wire", bytes, "bytes", goal(1e6), "goal"),
        Figure.alone("dashboard_read_record_100000_steps", read, "s"));
  }

  private static void awaitLoaded(RunSet runs) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!runs.find("").map(RunView::loaded).orElse(false)) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "the record was not read within " + DEADLINE_SECONDS + " s");
      }
      Thread.sleep(5);
    }
  }

  /** {@code /metrics} of a run with 64 workers; the baseline is the goal. */
  public Figure metrics() throws Exception {
    double[] seconds = new double[rounds];
    try (BenchFolder folder = BenchFolder.create()) {
      Path output = record(folder.root().resolve("run"), 1_000, NODES);
      try (RunSet runs = RunSet.around(output);
          DashboardServer server = server(runs)) {
        awaitLoaded(runs);
        for (int round = 0; round < rounds; round++) {
          long start = System.nanoTime();
          long bytes = get(server, "/metrics");
          seconds[round] = (System.nanoTime() - start) / 1e9;
          progress.accept(
              "metrics round %d of %d: %.1f ms, %d bytes"
                  .formatted(round + 1, rounds, 1e3 * seconds[round], bytes));
        }
      }
    }
    return Figure.paired("dashboard_metrics_64_nodes", seconds, "s", goal(0.05), "goal");
  }

  private double[] goal(double value) {
    double[] goals = new double[rounds];
    java.util.Arrays.fill(goals, value);
    return goals;
  }

  private static DashboardServer server(RunSet runs) {
    return DashboardServer.start(
        new DashboardOptions(DashboardOptions.LOOPBACK, 0, 0), runs, Token.random(), line -> {});
  }

  private long get(DashboardServer server, String path) throws Exception {
    HttpResponse<byte[]> reply =
        http.send(
            HttpRequest.newBuilder(URI.create(server.url() + path))
                .header("Accept-Encoding", "gzip")
                .build(),
            HttpResponse.BodyHandlers.ofByteArray());
    if (reply.statusCode() != 200) {
      throw new IllegalStateException(path + " answers " + reply.statusCode());
    }
    return reply.body().length;
  }

  /** The files of a run as it leaves them. */
  private static Path record(Path output, int steps, int workers) throws IOException {
    Files.createDirectories(output);
    Files.writeString(
        output.resolve("run.json"),
        "{\"run_id\": \"bench\", \"created_at\": \"2026-01-01T00:00:00Z\"}");
    try (BufferedWriter events = Files.newBufferedWriter(output.resolve("events.jsonl"));
        BufferedWriter metrics = Files.newBufferedWriter(output.resolve("metrics.jsonl"))) {
      ObjectNode opened = JSON.createObjectNode().put("kind", "opened").put("at", 1);
      opened.put("run_id", "bench").put("attempt", 1).put("from_step", 0);
      line(events, opened.put("total_steps", steps).put("samples", 1000).put("workers", workers));
      for (int i = 0; i < workers; i++) {
        ObjectNode worker = JSON.createObjectNode().put("kind", "worker").put("at", 1);
        line(
            events, worker.put("worker", "worker-" + i).put("state", "joined").put("reason", "so"));
      }
      for (int step = 0; step < steps; step++) {
        line(metrics, step(step));
        if (step % 10 == 0) {
          line(events, phases(step, workers));
        }
      }
    }
    return output;
  }

  private static void line(BufferedWriter to, ObjectNode line) throws IOException {
    to.write(JSON.writeValueAsString(line));
    to.newLine();
  }

  private static ObjectNode step(int step) {
    ObjectNode line = JSON.createObjectNode().put("step", step).put("epoch", step / 1000);
    double wave = Math.sin(step / 50.0) + Math.sin(step * 7.1) / 3;
    for (String name :
        List.of(
            "loss",
            "nll",
            "mean_p",
            "entropy",
            "mean_w",
            "ess",
            "share_w_below_half",
            "grad_norm",
            "lr",
            "mu",
            "sigma",
            "seconds")) {
      line.put(name, 0.5 + name.length() / 10.0 + wave / 5);
    }
    return line.put("clipped", step % 3 == 0)
        .put("tokens", 900 + step % 100)
        .put("samples", 16)
        .put("skipped", false)
        .put("at", 1000L * step);
  }

  private static ObjectNode phases(int step, int workers) {
    ObjectNode line = JSON.createObjectNode().put("kind", "phases").put("step", step);
    ObjectNode all = line.put("at", 1000L * step).putObject("workers");
    for (int i = 0; i < workers; i++) {
      var seconds = all.putArray("worker-" + i);
      for (int phase = 0; phase < 7; phase++) {
        seconds.add(0.01 * (phase + 1) + 0.001 * i);
      }
    }
    return line;
  }
}
