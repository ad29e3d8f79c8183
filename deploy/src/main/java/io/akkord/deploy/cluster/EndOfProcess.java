package io.akkord.deploy.cluster;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is told of a worker process that has ended.
 *
 * @param givenUp its run had done without it already
 * @param before how many processes the kernel had killed for memory when it began
 * @param after and when it had ended
 * @param log the last lines that it wrote, oldest first
 * @param next what happens now
 */
record EndOfProcess(
    String id,
    long pid,
    int exit,
    boolean givenUp,
    OomKills.Count before,
    OomKills.Count after,
    List<String> log,
    String next) {
  /** A JVM that is started with it exits with {@link #JVM_OUT_OF_MEMORY} then. */
  static final String EXIT_WHEN_OUT_OF_MEMORY = "-XX:+ExitOnOutOfMemoryError";

  static final int JVM_OUT_OF_MEMORY = 3;

  private static final int SHOWN_LINES = 5;
  private static final int SIGNAL_BASE = 128;
  private static final int KILL = 9;
  private static final Map<Integer, String> SIGNALS =
      Map.ofEntries(
          Map.entry(1, "SIGHUP"),
          Map.entry(2, "SIGINT"),
          Map.entry(3, "SIGQUIT"),
          Map.entry(4, "SIGILL"),
          Map.entry(5, "SIGTRAP"),
          Map.entry(6, "SIGABRT"),
          Map.entry(7, "SIGBUS"),
          Map.entry(8, "SIGFPE"),
          Map.entry(KILL, "SIGKILL"),
          Map.entry(11, "SIGSEGV"),
          Map.entry(13, "SIGPIPE"),
          Map.entry(15, "SIGTERM"),
          Map.entry(24, "SIGXCPU"),
          Map.entry(25, "SIGXFSZ"),
          Map.entry(31, "SIGSYS"));

  /** What the JVM, libtorch and the C++ library say when an allocation was refused. */
  private static final Pattern NO_MEMORY =
      Pattern.compile(
          "java\\.lang\\.OutOfMemoryError.*|OutOfDirectMemoryError.*"
              + "|[Ii]nsufficient memory for the Java Runtime Environment.*"
              + "|Native memory allocation .* failed.*|not enough memory: you tried to allocate.*"
              + "|std::bad_alloc.*|Cannot allocate memory.*|CUDA out of memory.*");

  /** What is said to who watches the run: the end, the last lines, what comes next. */
  String message() {
    StringBuilder text = new StringBuilder();
    text.append(
        "%s (pid %d) %sended with %s"
            .formatted(id, pid, givenUp ? "was given up by the run and " : "", how()));
    memory().ifPresent(why -> text.append(": out of memory: ").append(why));
    for (String line : log.subList(Math.max(0, log.size() - SHOWN_LINES), log.size())) {
      text.append(System.lineSeparator()).append("  | ").append(line);
    }
    return text.append(System.lineSeparator()).append("  ").append(next).toString();
  }

  private String how() {
    if (exit <= SIGNAL_BASE) {
      return "exit code " + exit;
    }
    int signal = exit - SIGNAL_BASE;
    return SIGNALS.containsKey(signal)
        ? "exit code %d (signal %d, %s)".formatted(exit, signal, SIGNALS.get(signal))
        : "exit code " + exit;
  }

  /** Who said that memory was short, if somebody did. */
  private Optional<String> memory() {
    if (exit == SIGNAL_BASE + KILL) {
      if (after.groupRoseSince(before)) {
        return Optional.of(
            "the kernel killed it (OOM), as its control group had used its memory up");
      }
      if (after.machineRoseSince(before)) {
        return Optional.of(
            "the kernel has killed a process of this machine meanwhile (OOM), this one it seems; dmesg names it");
      }
      return Optional.empty();
    }
    for (int i = log.size() - 1; i >= 0; i--) {
      Matcher said = NO_MEMORY.matcher(log.get(i));
      if (said.find()) {
        return Optional.of(said.group());
      }
    }
    return exit == JVM_OUT_OF_MEMORY
        ? Optional.of("its JVM could not have more; its log says what of")
        : Optional.empty();
  }
}
