package io.akkord.deploy.cluster;

import io.akkord.model.UserError;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Worker processes of one run on this machine; one that dies is reported and started again. */
public final class WorkerProcesses implements AutoCloseable {
  /** So many within an hour: who dies at every start is given up, who dies once a day is not. */
  private static final int MOST_RESTARTS = 3;

  private static final Duration WITHIN = Duration.ofHours(1);

  /** What of a log is looked at for the reason of an end. */
  private static final int LAST_BYTES = 32 << 10;

  private static final int END_SECONDS = 15;
  private static final int POLITE_SECONDS = 5;

  private final String head;
  private final String token;
  private final Path logs;
  private final Consumer<String> say;
  private final OomKills oomKills = OomKills.ofThisMachine();
  private final Map<String, Process> running = new ConcurrentHashMap<>();
  private final RestartRate restartRate = new RestartRate(MOST_RESTARTS, WITHIN, System::nanoTime);
  private final Set<String> givenUp = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService restarts =
      Executors.newSingleThreadScheduledExecutor(
          job -> {
            Thread thread = new Thread(job, "akkord-restarts");
            thread.setDaemon(true);
            return thread;
          });
  private volatile boolean closing;

  private WorkerProcesses(String head, String token, Path logs, Consumer<String> say) {
    this.head = head;
    this.token = token;
    this.logs = logs;
    this.say = say;
  }

  /**
   * Starts worker processes that join a head.
   *
   * @param head host:port
   * @param logs folder of their logs
   * @param say told of ends and restarts
   */
  public static WorkerProcesses start(
      int count, String head, String token, Path logs, Consumer<String> say) {
    WorkerProcesses processes = new WorkerProcesses(head, token, logs, say);
    try {
      Files.createDirectories(logs);
      for (int i = 0; i < count; i++) {
        processes.start("worker-" + i, 0);
      }
      return processes;
    } catch (IOException e) {
      processes.close();
      throw new UserError("worker processes cannot be started: " + e.getMessage(), e);
    }
  }

  private synchronized void start(String name, int restart) throws IOException {
    if (closing) {
      return;
    }
    String id = restart == 0 ? name : name + "." + restart;
    File log = logs.resolve(id + ".log").toFile();
    List<String> command =
        OwnCommand.of(
            List.of(
                "worker",
                "--head",
                head,
                "--id",
                id,
                "--incarnation",
                String.valueOf(restart + 1)));
    command.addAll(
        1,
        List.of(
            EndOfProcess.EXIT_WHEN_OUT_OF_MEMORY,
            "-XX:ErrorFile=" + logs.resolve(id + ".crash.log").toAbsolutePath(),
            "-XX:-DumpReplayDataOnError"));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    builder.environment().put("AKKORD_CLUSTER_TOKEN", token);
    // A worker writes no journal.
    builder.environment().remove("AKKORD_PERSISTENCE_PASSWORD");
    OomKills.Count before = oomKills.read();
    Process process = builder.start();
    running.put(id, process);
    process.onExit().thenAccept(ended -> ended(name, id, restart, ended, log.toPath(), before));
  }

  private void ended(
      String name, String id, int restart, Process process, Path log, OomKills.Count before) {
    running.remove(id);
    if (closing) {
      return;
    }
    boolean again = restartRate.allows(name);
    String next =
        again
            ? "the others go on; it is started again as %s.%d".formatted(name, restart + 1)
            : "the others go on; it was started again %d times within %d minutes and is left"
                .formatted(MOST_RESTARTS, WITHIN.toMinutes());
    EndOfProcess end =
        new EndOfProcess(
            id,
            process.pid(),
            process.exitValue(),
            givenUp.remove(id),
            before,
            oomKills.read(),
            lastLines(log),
            next);
    say.accept(end.message());
    if (again) {
      restarts.schedule(() -> startAgain(name, restart + 1), 1, TimeUnit.SECONDS);
    }
  }

  /**
   * Ends the process of a worker that its run has given up, by force if it does not end by itself;
   * another is started in its place.
   */
  public void replace(String id) {
    Process process = running.get(id);
    if (process == null || closing) {
      return;
    }
    givenUp.add(id);
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      process.destroy();
    }
    restarts.schedule(process::destroyForcibly, POLITE_SECONDS, TimeUnit.SECONDS);
  }

  private void startAgain(String name, int restart) {
    try {
      start(name, restart);
    } catch (IOException e) {
      say.accept(name + " cannot be started again: " + e.getMessage());
    }
  }

  private static List<String> lastLines(Path log) {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      long from = Math.max(0, file.length() - LAST_BYTES);
      file.seek(from);
      byte[] bytes = new byte[(int) (file.length() - from)];
      file.readFully(bytes);
      // Whatever it wrote, and be it cut in the middle of a letter.
      return new String(bytes, StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      return List.of("(its log " + log + " cannot be read)");
    }
  }

  /** The processes by worker id. */
  public Map<String, Process> running() {
    return Map.copyOf(running);
  }

  /** Ends them: they see the end of their input and leave; who does not is killed. */
  @Override
  public synchronized void close() {
    closing = true;
    restarts.shutdownNow();
    for (Process process : running.values()) {
      try {
        process.getOutputStream().close();
      } catch (IOException e) {
        process.destroy();
      }
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_SECONDS);
    for (Process process : running.values()) {
      try {
        if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        process.destroyForcibly();
      }
    }
  }
}
