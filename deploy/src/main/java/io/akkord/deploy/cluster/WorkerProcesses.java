package io.akkord.deploy.cluster;

import io.akkord.model.UserError;
import java.io.File;
import java.io.IOException;
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
  private static final int LAST_LINES = 5;
  private static final int END_SECONDS = 15;
  private static final int POLITE_SECONDS = 5;
  private static final int SIGNAL_BASE = 128;
  private static final Map<Integer, String> SIGNALS =
      Map.of(4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 9, "SIGKILL", 11, "SIGSEGV", 15, "SIGTERM");

  private final String head;
  private final String token;
  private final Path logs;
  private final Consumer<String> say;
  private final Map<String, Process> running = new ConcurrentHashMap<>();
  private final RestartRate restartRate =
      new RestartRate(MOST_RESTARTS, WITHIN, System::nanoTime);
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
    ProcessBuilder builder =
        new ProcessBuilder(OwnCommand.of(List.of("worker", "--head", head, "--id", id)))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    builder.environment().put("AKKORD_CLUSTER_TOKEN", token);
    // A worker writes no journal.
    builder.environment().remove("AKKORD_PERSISTENCE_PASSWORD");
    long killedBefore = killedForMemory();
    Process process = builder.start();
    running.put(id, process);
    process
        .onExit()
        .thenAccept(ended -> ended(name, id, restart, ended, log.toPath(), killedBefore));
  }

  private void ended(
      String name, String id, int restart, Process process, Path log, long killedBefore) {
    running.remove(id);
    if (closing) {
      return;
    }
    boolean again = restartRate.allows(name);
    StringBuilder text =
        new StringBuilder(
            "%s (pid %d) %sended with %s"
                .formatted(
                    id,
                    process.pid(),
                    givenUp.remove(id) ? "was given up by the run and " : "",
                    reason(process.exitValue(), killedBefore)));
    lastLines(log).forEach(line -> text.append(System.lineSeparator()).append("  | ").append(line));
    text.append(System.lineSeparator())
        .append(
            again
                ? "  the others go on; it is started again as %s.%d".formatted(name, restart + 1)
                : "  the others go on; it was started again %d times within %d minutes and is left"
                    .formatted(MOST_RESTARTS, WITHIN.toMinutes()));
    say.accept(text.toString());
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

  private static String reason(int exit, long killedBefore) {
    if (exit <= SIGNAL_BASE) {
      return "exit code " + exit;
    }
    int signal = exit - SIGNAL_BASE;
    String text =
        "exit code %d (signal %d, %s)".formatted(exit, signal, SIGNALS.getOrDefault(signal, "?"));
    boolean memory = SIGNALS.get(signal) == "SIGKILL" && killedForMemory() > killedBefore;
    return memory ? text + ": the kernel ended it because memory was short" : text;
  }

  /** How many processes of this control group the kernel has killed for memory. */
  private static long killedForMemory() {
    try {
      for (String line : Files.readAllLines(Path.of("/sys/fs/cgroup/memory.events"))) {
        if (line.startsWith("oom_kill ")) {
          return Long.parseLong(line.substring("oom_kill ".length()).strip());
        }
      }
    } catch (IOException | NumberFormatException e) {
      // No such accounting here: then nobody knows.
    }
    return 0;
  }

  private static List<String> lastLines(Path log) {
    try {
      List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
      return lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
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
