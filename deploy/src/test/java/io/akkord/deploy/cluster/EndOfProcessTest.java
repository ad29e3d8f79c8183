package io.akkord.deploy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.deploy.cluster.OomKills.Count;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of a worker process that has ended. */
class EndOfProcessTest {
  private static final Count NONE = new Count(0, 0);
  private static final String NEXT = "the others go on; it is started again as worker-0.1";

  private static EndOfProcess end(int exit, Count before, Count after, String... log) {
    return new EndOfProcess("worker-0", 41, exit, false, before, after, List.of(log), NEXT);
  }

  private static String told(int exit, String... log) {
    return end(exit, NONE, NONE, log).message();
  }

  @Test
  void theEndTheLastLinesAndWhatComesNextAreTold() {
    assertThat(told(1, "1", "2", "3", "4", "5", "6").lines())
        .containsExactly(
            "worker-0 (pid 41) ended with exit code 1",
            "  | 2",
            "  | 3",
            "  | 4",
            "  | 5",
            "  | 6",
            "  " + NEXT);
    EndOfProcess givenUp = new EndOfProcess("w", 2, 0, true, NONE, NONE, List.of(), "next");
    assertThat(givenUp.message().lines())
        .containsExactly("w (pid 2) was given up by the run and ended with exit code 0", "  next");
  }

  @ParameterizedTest
  @CsvSource({"137,9,SIGKILL", "134,6,SIGABRT", "139,11,SIGSEGV", "143,15,SIGTERM"})
  void aSignalHasItsName(int exit, int signal, String name) {
    assertThat(told(exit))
        .startsWith(
            "worker-0 (pid 41) ended with exit code %d (signal %d, %s)"
                .formatted(exit, signal, name))
        .doesNotContain("memory");
  }

  @Test
  void anExitCodeThatIsNoSignalsIsNoSignals() {
    assertThat(told(255)).startsWith("worker-0 (pid 41) ended with exit code 255" + nl());
  }

  @Test
  void theKernelsKillForMemoryIsNamedWhenTheGroupsCountRose() {
    assertThat(end(137, new Count(2, 2), new Count(3, 3)).message())
        .contains("(signal 9, SIGKILL): out of memory: the kernel killed it (OOM)")
        .contains("its control group");
  }

  @Test
  void theMachinesCountIsEnoughAndIsNamedAsSuch() {
    assertThat(end(137, new Count(-1, 2), new Count(-1, 3)).message())
        .contains("out of memory: the kernel has killed a process of this machine meanwhile (OOM)");
  }

  @Test
  void aKillThatNobodyCountedAndOtherEndsWhileOthersWereKilledAreNotForMemory() {
    assertThat(end(137, new Count(2, 2), new Count(2, 2)).message()).doesNotContain("memory");
    assertThat(end(137, Count.UNKNOWN, new Count(2, 2)).message()).doesNotContain("memory");
    assertThat(end(1, new Count(2, 2), new Count(3, 3)).message()).doesNotContain("memory");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Terminating due to java.lang.OutOfMemoryError: Java heap space",
        "# There is insufficient memory for the Java Runtime Environment to continue.",
        "# Native memory allocation (mmap) failed to map 65536 bytes.",
        "[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 4096 bytes",
        "terminate called after throwing an instance of 'std::bad_alloc'"
      })
  void whoSaidHimselfThatMemoryWasShortIsQuoted(String line) {
    assertThat(told(1, line, "and", "much", "more", "after", "it", "all"))
        .containsPattern("exit code 1: out of memory: .*(emory|bad_alloc)");
  }

  @Test
  void aJvmThatEndsByItselfForMemoryHasAnExitCodeOfItsOwn() throws Exception {
    assertThat(told(EndOfProcess.JVM_OUT_OF_MEMORY)).contains("exit code 3: out of memory");
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                EndOfProcess.EXIT_WHEN_OUT_OF_MEMORY,
                "-Xmx8m",
                "-Xint",
                "-cp",
                System.getProperty("java.class.path"),
                Glutton.class.getName())
            .redirectErrorStream(true)
            .start();
    String said = new String(jvm.getInputStream().readAllBytes());
    assertThat(jvm.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(jvm.exitValue()).as(said).isEqualTo(EndOfProcess.JVM_OUT_OF_MEMORY);
    assertThat(told(jvm.exitValue(), said.lines().toArray(String[]::new)))
        .contains("exit code 3: out of memory: java.lang.OutOfMemoryError: Java heap space");
  }

  /** Wants more than it can have. */
  static final class Glutton {
    private Glutton() {}

    public static void main(String[] arguments) {
      System.out.println(new long[64 << 20].length);
    }
  }

  private static String nl() {
    return System.lineSeparator();
  }
}
