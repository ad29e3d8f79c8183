package io.akkord.actors.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeLogTest {
  private final NodeLog log = new NodeLog(7);

  private void say(int lines) {
    for (int i = 0; i < lines; i++) {
      log.add(i, "info", "node", "line");
    }
  }

  private static List<Long> numbers(NodeLog.Part part) {
    return part.lines().stream().map(NodeLine::number).toList();
  }

  @Test
  void whoAsksGetsWhatItDoesNotHaveAndNoMoreThanAMessageMayCarry() {
    say(NodeLog.SENT + 50);
    NodeLog.Part first = log.after(NodeLog.Position.NONE);
    assertThat(first.lines()).hasSize(NodeLog.SENT);
    NodeLog.Part rest = log.after(new NodeLog.Position(7, NodeLog.SENT));
    assertThat(numbers(rest)).hasSize(50).startsWith(NodeLog.SENT + 1L);
    assertThat(log.after(new NodeLog.Position(7, NodeLog.SENT + 50)).lines()).isEmpty();
  }

  @Test
  void whoKnowsTheProcessBeforeThisOneIsToldAllOfThisOne() {
    say(3);
    assertThat(numbers(log.after(new NodeLog.Position(6, 2)))).containsExactly(1L, 2L, 3L);
  }

  @Test
  void longLinesFillAMessageByTheirBytes() {
    String snowmen = "\u2603".repeat(3_000);
    for (int i = 0; i < 40; i++) {
      log.add(i, "warn", "node", snowmen);
    }
    int bytes =
        log.after(NodeLog.Position.NONE).lines().stream()
            .mapToInt(line -> line.text().getBytes(StandardCharsets.UTF_8).length)
            .sum();
    assertThat(bytes).isBetween(NodeLog.SENT_BYTES / 2, NodeLog.SENT_BYTES);
    log.add(1, "warn", "node", "x".repeat(1 << 20));
    NodeLine last = log.after(new NodeLog.Position(7, 40)).lines().get(0);
    assertThat(last.text()).hasSize(NodeLog.LONGEST + 2).endsWith("x …");
  }

  @Test
  void theOldestMakeRoomAndNumbersGoOn() {
    say(NodeLog.KEPT + 10);
    assertThat(numbers(log.after(NodeLog.Position.NONE))).startsWith(11L, 12L);
  }

  @Test
  void anActorIsNamedAsPeopleDo() {
    assertThat(NodeLine.actor("io.akkord.actors.params.ParameterServer"))
        .isEqualTo("parameter-server");
    assertThat(NodeLine.actor("io.akkord.Some$Inner")).isEqualTo("some-inner");
    assertThat(NodeLine.actor("supervisor")).isEqualTo("supervisor");
  }
}
