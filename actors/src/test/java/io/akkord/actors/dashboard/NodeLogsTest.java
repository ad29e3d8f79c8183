package io.akkord.actors.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeLogsTest {
  @TempDir private Path run;

  @BeforeEach
  void logs() throws IOException {
    Files.createDirectories(run.resolve("logs"));
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(run.resolve("logs").resolve(name), text);
  }

  @Test
  void everyProcessKeepsItsLinesWithLevelAndNameHoweverLongItIsDead() throws IOException {
    write("worker-0.log", "00:00:01.5 INFO  a.B - begun\n00:00:02 WARN  a.B - slow\n  at x\n");
    write("worker-1.log", "00:00:03 ERROR i.a.a.ParameterServer - killed\nprinted\n");
    write("notes.txt", "no log");
    List<LogLine> lines = NodeLogs.of(run);
    assertThat(lines)
        .extracting(l -> "%s %s %s:%s".formatted(l.source(), l.level(), l.actor(), l.text()))
        .containsExactly(
            "worker-0 info b:begun",
            "worker-0 warn b:slow",
            "worker-0 warn b:  at x",
            "worker-1 error parameter-server:killed",
            "worker-1 info :printed");
    assertThat(lines.get(2).at()).as("a trace belongs to its line").isEqualTo(lines.get(1).at());
  }

  @Test
  void ofALongFileTheEndIsReadFromAWholeLineOn() throws IOException {
    write("worker-0.log", "00:00:01 INFO  a.B - line\n".repeat(20_000) + "00:00:02 WARN  end\n");
    List<LogLine> lines = NodeLogs.of(run);
    assertThat(lines).hasSizeBetween(1_000, 10_000);
    assertThat(lines.get(0).text()).matches("\\d+ kB before this are in .*/worker-0.log");
    assertThat(lines.get(1).text()).isEqualTo("line");
    assertThat(lines.get(lines.size() - 1).text()).isEqualTo("end");
  }

  @Test
  void aLineThatDoesNotEndIsCut() throws IOException {
    write("worker-0.log", "x".repeat(100_000));
    assertThat(NodeLogs.of(run).get(0).text()).hasSizeLessThan(5_000);
  }

  @Test
  void aRunWithoutProcessesHasNone() {
    assertThat(NodeLogs.of(run.resolve("elsewhere"))).isEmpty();
  }
}
